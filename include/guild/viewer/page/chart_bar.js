// chart_bar.js - the controls above charts: axes, smoothing, scales, and which charts are shown.

import { h } from "./dom.js";
import { say } from "./keys.js";
import { checkBox, named, optionsOf, searchBox } from "./widgets.js";

const SCALES = [
  ["linear", "Linear"],
  ["log", "Log"],
  ["symlog", "Symlog"],
];
const AXES = [
  ["step", "Step"],
  ["relative", "Relative time"],
  ["wall", "Wall time"],
];

/** group: a ChartGroup; onFilter(text); the bar's `keys` are for keys.js. */
export class ChartBar {
  constructor(group, onFilter, filter = "") {
    this.group = group;
    const { options } = group;
    this.axis = h("select", { "aria-label": "Horizontal axis", onchange: () => group.set({ axis: this.axis.value }) });
    const setY = () => group.set({ y: this.y.value });
    this.y = h("select", { "aria-label": "Vertical scale", onchange: setY }, optionsOf(SCALES, options.y));
    const range = { min: "0", max: "0.999" };
    const slide = () => this.smooth(this.slider.value);
    this.slider = h("input", { type: "range", ...range, step: "0.001", "aria-label": "Smoothing", oninput: slide });
    const type = () => this.smooth(this.number.value);
    this.number = h("input", { type: "number", ...range, step: "0.01", "aria-label": "Smoothing as a number", onchange: type });
    this.filter = searchBox("Filter charts", "Filter charts", () => onFilter(this.filter.value), { value: filter });
    this.build();
    this.setAxes([]);
    this.smooth(options.smoothing, true);
  }

  build() {
    const check = (name, text, title) => {
      const [box, label] = checkBox(text, this.group.options[name], (on) => this.group.set({ [name]: on }), title);
      this[name] = box;
      return label;
    };
    this.element = h(
      "div",
      { class: "chart-bar", role: "toolbar", "aria-label": "Charts" },
      this.filter,
      named("X", this.axis),
      named("Y", this.y),
      h("span", { class: "smoothing" }, named("Smoothing", this.slider), this.number),
      check("xlog", "Log x", "Logarithmic horizontal axis"),
      check("clip", "Clip outliers", "Fit the vertical axis to 96 of 100 values"),
      check("link", "Link x", "Zoom all charts together"),
    );
  }

  /** Offers step, times, and the given series as horizontal axis. */
  setAxes(keys) {
    const { axis } = this.group.options;
    const names = [...AXES, ...keys.map((key) => [key, key])];
    if (!names.some(([name]) => name === axis)) {
      names.push([axis, axis]);
    }
    const stamp = JSON.stringify(names);
    if (stamp !== this.stamp) {
      this.stamp = stamp;
      this.axis.replaceChildren(...optionsOf(names, axis));
      this.axis.value = axis;
    }
  }

  smooth(value, quiet = false) {
    const amount = Math.min(0.999, Math.max(0, Number(value) || 0));
    this.slider.value = String(amount);
    this.number.value = String(amount);
    if (!quiet) {
      this.group.set({ smoothing: amount });
    }
  }

  keys() {
    const flip = (name, text) => () => {
      this[name].checked = !this[name].checked;
      this.group.set({ [name]: this[name].checked });
      say(text + (this[name].checked ? " on" : " off"));
    };
    const next = (select) => () => {
      select.selectedIndex = (select.selectedIndex + 1) % Math.min(3, select.options.length);
      select.dispatchEvent(new Event("change"));
      say(select.selectedOptions[0].textContent);
    };
    const more = (by) => () => {
      this.smooth((this.group.options.smoothing + by).toFixed(3));
      say("Smoothing " + this.group.options.smoothing);
    };
    return [
      ["/", "filter", () => this.filter.focus()],
      ["x", "step, relative, wall time", next(this.axis)],
      ["y", "linear, log, symlog", next(this.y)],
      ["<", "less smoothing", more(-0.1)],
      [">", "more smoothing", more(0.1)],
      ["X", "logarithmic x axis", flip("xlog", "Log x")],
      ["o", "clip outliers", flip("clip", "Clip outliers")],
      ["l", "link x axes", flip("link", "Link x")],
      ["z, Z", "zoom back, forward", (event) => (event.key === "z" ? this.group.undo() : this.group.redo())],
      ["c", "to the next chart", () => nextChart(1)],
      ["C", "to the chart before", () => nextChart(-1)],
    ];
  }
}

function nextChart(by) {
  const all = [...document.querySelectorAll(".chart-canvas")].filter((canvas) => canvas.clientWidth > 0);
  const at = all.indexOf(document.activeElement);
  const next = all[at < 0 ? 0 : (at + by + all.length) % all.length];
  if (next) {
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }
}
