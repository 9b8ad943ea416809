// main.js - the frame: header, routes, the clock that keeps the page live, messages.
//
//   /           the newest run, and the next one as soon as it starts
//   /runs       all runs
//   /runs/ID    one run

import { api } from "./api.js";
import { h, fill, icon, setText } from "./dom.js";
import { isDark } from "./palette.js";
import { RunView } from "./run.js";
import { RunRail, RunsView } from "./runs.js";

const RAIL_RUNS = 100;
const TABLE_RUNS = 1000;

class App {
  constructor(root) {
    this.interval = 2000;
    this.view = null;
    this.viewKey = "";
    this.project = { title: "", description: "", fields: [], series: [], error: null, diagnostics: [] };
    this.rail = new RunRail();
    this.title = h("span", { class: "project-title" });
    this.live = h("span", { class: "live", role: "status" });
    this.theme = h("button", { class: "quiet square", title: "Light or dark", "aria-label": "Light or dark", onclick: () => this.toggleTheme() });
    this.tabs = { run: h("a", { href: "/", class: "tab" }, "Run"), runs: h("a", { href: "/runs", class: "tab" }, "Runs") };
    this.banner = h("div", { class: "banners" });
    this.stage = h("div", { class: "stage" });
    fill(root, h("header", { class: "top" }, h("a", { class: "brand", href: "/" }, h("img", { src: "/assets/icon.svg", alt: "", width: "26", height: "26" }), this.title),
      h("nav", { class: "tabs", "aria-label": "Pages" }, this.tabs.run, this.tabs.runs), h("span", { class: "spring" }), this.live, this.theme),
    this.banner, this.stage);
    this.drawTheme();
    document.addEventListener("click", (event) => this.onLink(event));
    addEventListener("popstate", () => this.tick());
    document.addEventListener("visibilitychange", () => this.tick());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.drawTheme());
  }

  async start() {
    const settings = await api.settings().catch(() => null);
    this.interval = (settings && settings.interval_ms) || this.interval;
    await this.tick();
  }

  /** One round of reading; the next is planned whatever happened. */
  async tick() {
    clearTimeout(this.timer);
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    try {
      await this.refresh();
      this.setLive("ok", "Live");
    } catch (error) {
      if (error.name !== "AbortError") {
        this.setLive("bad", error.status === 0 ? "Not answering" : error.message);
      }
    }
    this.busy = false;
    const wait = this.again ? 0 : document.hidden ? 60000 : this.interval;
    this.again = false;
    this.timer = setTimeout(() => this.tick(), wait);
  }

  setLive(state, text) {
    this.live.className = "live " + state;
    setText(this.live, text);
  }

  async refresh() {
    const wantsTable = location.pathname === "/runs";
    const [project, runs] = await Promise.all([api.project(), api.runs(wantsTable ? TABLE_RUNS : RAIL_RUNS)]);
    if (!project.error) {
      this.good = project;
    }
    // While the file is broken, what it said last stays on the page, below the message.
    this.project = this.good ? { ...this.good, error: project.error, diagnostics: project.diagnostics } : project;
    setText(this.title, this.project.title || "Guild View");
    this.title.title = this.project.description || "";
    this.drawBanner();
    this.route(runs);
    if (this.view instanceof RunsView) {
      this.view.show(runs, this.project);
    } else if (this.view) {
      this.rail.show(runs.runs, runs.total, this.view.id);
      await this.view.refresh(this.project);
    }
  }

  /** Makes the view that the address asks for, keeping it while the address stays. */
  route(runs) {
    const path = location.pathname;
    const named = path.match(/^\/runs\/([^/]+)$/);
    const id = named ? decodeURIComponent(named[1]) : path === "/runs" ? null : runs.runs.length ? runs.runs[0].id : "";
    const key = id === null ? "table" : "run " + id;
    this.tabs.runs.classList.toggle("current", id === null);
    this.tabs.run.classList.toggle("current", id !== null);
    if (key === this.viewKey) {
      return;
    }
    this.viewKey = key;
    if (this.view) {
      this.view.destroy();
    }
    this.view = id === null ? new RunsView() : id === "" ? null : new RunView(id);
    this.stage.classList.toggle("with-rail", id !== null && id !== "");
    fill(this.stage, id === null ? this.view.element : id === "" ? welcome() : [this.rail.element, this.view.element]);
    scrollTo(0, 0);
  }

  onLink(event) {
    const link = event.target.closest && event.target.closest("a[href^='/']");
    if (link && event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      history.pushState(null, "", link.getAttribute("href"));
      this.tick();
    }
  }

  // ---- messages, theme ----------------------------------------------------------

  /** A broken project file is shown with its place; the runs stay visible. */
  drawBanner() {
    const stamp = JSON.stringify([this.project.error, this.project.diagnostics]);
    if (stamp === this.bannerStamp) {
      return;
    }
    this.bannerStamp = stamp;
    const problems = [this.project.error, ...(this.project.diagnostics || []).filter((one) => one.severity === "warning")].filter(Boolean);
    fill(this.banner, problems.slice(0, 5).map((problem) => h("div", { class: "banner" + (problem.severity === "warning" ? " mild" : ""), role: "alert",
      dataset: { banner: problem.severity === "warning" ? "warning" : "project" } }, icon("warning"),
    h("div", {}, h("b", {}, problem.text || problem.message), problem.hint ? h("p", {}, problem.hint) : null,
      problem.caret ? h("pre", {}, problem.caret) : null))));
  }

  toggleTheme() {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("guild-theme", next);
    } catch (_) {
      // Without storage the choice lasts as long as the page.
    }
    this.drawTheme();
  }

  drawTheme() {
    fill(this.theme, icon(isDark() ? "sun" : "moon"));
    if (this.view) {
      this.view.redraw();
    }
  }
}

function welcome() {
  return h("main", { class: "welcome" }, h("img", { src: "/assets/icon.svg", alt: "", width: "64", height: "64" }), h("h1", {}, "No runs yet"),
    h("p", {}, "Start one, and it appears here by itself:"), h("pre", {}, "guild train"));
}

new App(document.getElementById("app")).start();
