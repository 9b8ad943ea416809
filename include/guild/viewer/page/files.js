// files.js - the files of a run: view text and pictures, download any.

import { api } from "./api.js";
import { h, fill, icon, setText } from "./dom.js";
import { formatNumber, formatTime } from "./format.js";
import { state } from "./state.js";
import { cardHead, moreButton, searchBox, spring, tableHead, unseen } from "./widgets.js";

const SHOWN_BYTES = 256 * 1024;
const FIRST = 100;

export class Files {
  constructor() {
    this.limit = FIRST;
    this.note = h("span", { class: "dim" });
    this.body = h("tbody", {});
    this.filter = searchBox("Filter files", "Filter", () => this.render());
    this.view = h("div", { class: "file-view", hidden: true });
    this.rest = moreButton(() => {
      this.limit = Infinity;
      this.render();
    });
    const head = tableHead(["Name", "Size", "Changed", unseen("Download")], (i) => i === 1);
    const table = h("table", { class: "table files" }, head, this.body);
    this.element = h(
      "section",
      { class: "card", hidden: true, dataset: { component: "files" } },
      cardHead("Files", this.note, spring(), this.filter),
      h("div", { class: "table-box" }, table, this.rest),
      this.view,
    );
  }

  async refresh(id, signal) {
    this.id = id;
    this.signal = signal;
    const answer = await api.files(id, signal).catch((error) => {
      if (error.status === 404) {
        return null;
      }
      throw error;
    });
    if (answer && answer !== this.answer) {
      this.answer = answer;
      this.element.hidden = false;
      this.render();
      this.reopen();
    }
  }

  /** The file that the address names. */
  reopen() {
    const file = this.view.hidden && this.answer.files.find((each) => each.name === state.get("file"));
    if (file) {
      this.open(file);
    }
  }

  render() {
    const wanted = this.filter.value.toLowerCase();
    const files = this.answer.files.filter((file) => file.name.toLowerCase().includes(wanted));
    setText(
      this.note,
      this.answer.files.length + (this.answer.files.length === 1 ? " file" : " files") + (this.answer.is_cut ? ", the first ones" : ""),
    );
    fill(
      this.body,
      files.slice(0, this.limit).map((file) => this.row(file)),
      files.length
        ? null
        : h(
            "tr",
            {},
            h("td", { colspan: "4", class: "empty" }, this.answer.files.length ? "no file's name contains this text" : "no files"),
          ),
    );
    this.rest.hidden = files.length <= this.limit;
    setText(this.rest, "Show " + (files.length - this.limit) + " more");
  }

  row(file) {
    return h(
      "tr",
      {},
      h("td", {}, h("button", { class: "link", title: "View", onclick: () => this.open(file) }, file.name)),
      h("td", { class: "number" }, formatNumber(file.size, "0.0 b")),
      h("td", { class: "dim" }, file.modified_us ? formatTime(file.modified_us) : ""),
      h(
        "td",
        { class: "tight" },
        h(
          "a",
          {
            class: "quiet square",
            href: api.fileLink(this.id, file.file, true),
            download: file.name.split("/").at(-1),
            "aria-label": "Download " + file.name,
            title: "Download",
          },
          icon("download"),
        ),
      ),
    );
  }

  async open(file) {
    this.view.hidden = false;
    state.set({ file: file.name });
    const close = h(
      "button",
      {
        class: "quiet square",
        "aria-label": "Close",
        title: "Close",
        onclick: () => {
          this.view.hidden = true;
          state.set({ file: null });
        },
      },
      icon("close"),
    );
    const head = h(
      "header",
      { class: "card-head" },
      h("code", {}, file.name),
      h("span", { class: "dim" }, formatNumber(file.size, "0.0 b")),
      spring(),
      close,
    );
    if (/\.(png|jpe?g|gif|webp)$/i.test(file.name)) {
      fill(this.view, head, h("img", { class: "file-image", src: api.fileLink(this.id, file.file), alt: file.name }));
    } else {
      const text = await api.fileText(this.id, file.file, SHOWN_BYTES, this.signal).catch((error) => error.message);
      fill(
        this.view,
        head,
        h("pre", { tabindex: "0" }, text.includes("\0") ? "This file is not text. Download it to look at it." : text),
        file.size > SHOWN_BYTES
          ? h("div", { class: "empty" }, "the first " + formatNumber(SHOWN_BYTES, "0 b") + "; download the file for the rest")
          : null,
      );
    }
    this.view.scrollIntoView({ block: "nearest" });
  }
}
