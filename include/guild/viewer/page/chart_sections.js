// chart_sections.js - the charts of a page: the project's, those picked by hand, then every other series by prefix.

import { Chart } from "./chart.js";
import { h, fill, setText } from "./dom.js";
import { recordedFormat } from "./format.js";
import { baseOf, keyParts, patternOf, patternOfAll } from "./series_names.js";
import { joinList, state } from "./state.js";

const FIRST = 24;

/** The folder of a key: all before its first slash, behind "tf/" for event files. */
function prefixOf(key) {
  const parts = keyParts(key);
  if (parts[0] === "tf" && parts.length > 2) {
    return "tf/" + parts[1];
  }
  return parts.length > 1 ? parts[0] : "series";
}

/** A chart for exactly one series. */
function specOf(key) {
  return { name: key, title: key, label: "", format: recordedFormat(key), source: "series/" + patternOf(key) };
}

/** A chart for what one metric logged under several labels, ranks or attempts. */
function groupSpec(keys) {
  const base = keys.length === 1 ? keys[0] : baseOf(keys[0]);
  return { ...specOf(keys[0]), name: base, title: base, source: "series/" + patternOfAll(keys) };
}

/** Keys of one base together, in their order. */
function together(keys) {
  return [...groupBy(keys, baseOf).values()];
}

function matcher(spec) {
  try {
    return new RegExp("^(?:" + spec.source.replace(/^series\//, "") + ")$");
  } catch (_) {
    return null; // the server says so in the chart
  }
}

export class ChartSections {
  /** makeLoad(pattern) gives a chart's load function. */
  constructor(group, makeLoad) {
    this.group = group;
    this.makeLoad = makeLoad;
    this.charts = new Map();
    this.filter = state.get("charts");
    this.more = new Set();
    this.main = h("div", { class: "charts" });
    this.folders = h("div", { class: "folders" });
    this.nothing = h("div", { class: "card empty", hidden: true });
    this.element = h("div", {}, this.main, this.nothing, this.folders);
    this.folderParts = new Map();
    this.specs = [];
    this.keys = [];
  }

  /** specs: the project's charts; keys: of all series that there are. */
  update(specs, keys) {
    const stamp = JSON.stringify([specs, keys]);
    if (stamp !== this.stamp) {
      this.stamp = stamp;
      this.specs = specs;
      this.keys = keys;
      this.arrange();
    }
    this.refresh();
  }

  refresh() {
    this.charts.forEach((chart) => chart.refresh());
  }

  /** Loads again what is in sight and could not be loaded. */
  retry() {
    this.charts.forEach((chart) => chart.isStale && chart.isSeen && chart.refresh());
  }

  setFilter(text) {
    this.filter = text;
    state.set({ charts: text });
    this.arrange();
  }

  passes(title) {
    const text = this.filter.trim().toLowerCase();
    if (!text) {
      return true;
    }
    try {
      return new RegExp(text, "i").test(title);
    } catch (_) {
      return title.toLowerCase().includes(text);
    }
  }

  picked() {
    return state.all("chart").filter((key) => this.keys.includes(key));
  }

  /** Shows or hides the chart of one series among the first ones. */
  pick(key) {
    const picked = this.picked();
    const isNew = !picked.includes(key);
    state.set({ chart: isNew ? [...picked, key] : picked.filter((each) => each !== key) });
    this.arrange();
    if (isNew) {
      this.charts.get(JSON.stringify(specOf(key))).element.scrollIntoView({ block: "nearest" });
    }
  }

  // ---- arranging ------------------------------------------------------------------

  arrange() {
    const used = new Set();
    const first = this.specs.filter((spec) => {
      const wanted = matcher(spec);
      const found = wanted ? this.keys.filter((key) => wanted.test(key)) : [];
      found.forEach((key) => used.add(key));
      return (!spec.extra || found.length > 0) && this.passes(spec.title + " " + found.join(" "));
    });
    this.hasOwn = this.specs.some((spec) => !spec.extra);
    const picked = this.picked()
      .filter((key) => this.passes(key))
      .map(specOf);
    const rest = this.keys.filter((key) => !used.has(key) && this.passes(key));
    const shown = new Map();
    const place = (spec) => {
      const chart = this.chartOf(spec);
      shown.set(JSON.stringify(spec), chart);
      return chart.element;
    };
    setChildren(this.main, [...first, ...picked].map(place));
    this.drawFolders(rest, place);
    this.drop(shown);
    this.nothing.hidden = shown.size > 0 || this.folders.childElementCount > 0;
    setText(this.nothing, this.filter ? "no chart contains this text" : "no series yet");
  }

  chartOf(spec) {
    const name = JSON.stringify(spec);
    if (!this.charts.has(name)) {
      this.charts.set(name, new Chart(spec, this.group, this.makeLoad(spec.source.replace(/^series\//, ""))));
    }
    return this.charts.get(name);
  }

  drop(shown) {
    for (const [name, chart] of this.charts) {
      if (!shown.has(name)) {
        chart.destroy();
        this.charts.delete(name);
      }
    }
  }

  // ---- folders --------------------------------------------------------------------

  drawFolders(keys, place) {
    const folders = groupBy(together(keys), (group) => prefixOf(group[0]));
    const names = [...folders.keys()].sort((a, b) => isOwn(a) - isOwn(b) || (a < b ? -1 : 1));
    setChildren(
      this.folders,
      names.map((name, i) => {
        const part = this.folderPart(name);
        const all = folders.get(name);
        const open = this.isOpen(name, i);
        const few = this.more.has(name) ? all : all.slice(0, FIRST);
        setText(part.count, String(all.length));
        part.head.setAttribute("aria-expanded", String(open));
        part.body.hidden = !open;
        setChildren(part.grid, open ? few.map((group) => place(groupSpec(group))) : []);
        part.rest.hidden = !open || few.length === all.length;
        setText(part.rest, "Show " + (all.length - few.length) + " more");
        return part.element;
      }),
    );
  }

  folderPart(name) {
    let part = this.folderParts.get(name);
    if (!part) {
      part = {
        count: h("span", { class: "dim" }),
        grid: h("div", { class: "charts" }),
        rest: h("button", { class: "quiet more", onclick: () => this.showMore(name) }),
      };
      part.head = h(
        "button",
        { class: "folder-head", onclick: () => this.toggle(name) },
        h("span", { class: "arrow" }),
        h("span", {}, name),
        part.count,
      );
      part.body = h("div", {}, part.grid, part.rest);
      part.element = h("section", { class: "folder", dataset: { folder: name } }, h("h2", {}, part.head), part.body);
      this.folderParts.set(name, part);
    }
    return part;
  }

  /** Open at first: what a project without charts logged itself. What was clicked is in the address. */
  isOpen(name, index) {
    if (this.filter) {
      return true;
    }
    const usual = !this.hasOwn && !isOwn(name) && index < 3;
    return state.list("folders").includes(name) ? !usual : usual;
  }

  toggle(name) {
    const flipped = state.list("folders");
    state.set({ folders: joinList(flipped.includes(name) ? flipped.filter((each) => each !== name) : [...flipped, name]) });
    this.arrange();
  }

  showMore(name) {
    this.more.add(name);
    this.arrange();
  }
}

/** What guild records itself stands last. */
function isOwn(name) {
  return name === "sys" || name === "op";
}

function groupBy(values, nameOf) {
  const out = new Map();
  for (const value of values) {
    const name = nameOf(value);
    out.set(name, out.get(name) || []);
    out.get(name).push(value);
  }
  return out;
}

function setChildren(box, wanted) {
  if (wanted.length !== box.children.length || wanted.some((each, i) => box.children[i] !== each)) {
    fill(box, wanted);
  }
}
