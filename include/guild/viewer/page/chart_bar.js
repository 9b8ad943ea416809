// chart_bar.js - the controls above charts: axes, smoothing, scales, and which charts are shown.

import { h } from "./dom.js";
import { say } from "./keys.js";

/** group: a ChartGroup; onFilter(text); the bar's `keys` are for keys.js. */
export class ChartBar {
  constructor(group, onFilter, filter = "") {
    this.group = group;
    const { options } = group;
    this.axis = h("select", { "aria-label": "Horizontal axis", onchange: () => group.set({ axis: this.axis.value }) });
    this.y = h("select", { "aria-label": "Vertical scale", onchange: () => group.set({ y: this.y.value }) },
      [["linear", "Linear"], ["log", "Log"], ["symlog", "Symlog"]].map(([value, text]) => h("option", { value, selected: value === options.y }, text)));
    this.slider = h("input", { type: "range", min: "0", max: "0.999", step: "0.001", "aria-label": "Smoothing", oninput: () => this.smooth(this.slider.value) });
    this.number = h("input", { type: "number", min: "0", max: "0.999", step: "0.01", "aria-label": "Smoothing as a number", onchange: () => this.smooth(this.number.value) });
    this.filter = h("input", { type: "search", class: "filter", placeholder: "Filter charts", "aria-label": "Filter charts", value: filter,
      oninput: () => onFilter(this.filter.value) });
    const check = (name, text, title) => {
      const box = h("input", { type: "checkbox", checked: options[name], onchange: () => group.set({ [name]: box.checked }) });
      this[name] = box;
      return h("label", { class: "check", title }, box, text);
    };
    this.element = h("div", { class: "chart-bar", role: "toolbar", "aria-label": "Charts" }, this.filter,
      h("label", {}, h("span", { class: "dim" }, "X"), this.axis), h("label", {}, h("span", { class: "dim" }, "Y"), this.y),
      h("label", {}, h("span", { class: "dim" }, "Smoothing"), this.slider), this.number,
      check("xlog", "Log x", "Logarithmic horizontal axis"), check("clip", "Clip outliers", "Fit the vertical axis to 96 of 100 values"),
      check("link", "Link x", "Zoom all charts together"));
    this.setAxes([]);
    this.smooth(options.smoothing, true);
  }

  /** Offers step, times, and the given series as horizontal axis. */
  setAxes(keys) {
    const { axis } = this.group.options;
    const fixed = [["step", "Step"], ["relative", "Relative time"], ["wall", "Wall time"]];
    const names = [...fixed, ...keys.map((key) => [key, key])];
    if (!names.some(([name]) => name === axis)) {
      names.push([axis, axis]);
    }
    const stamp = JSON.stringify(names);
    if (stamp !== this.stamp) {
      this.stamp = stamp;
      this.axis.replaceChildren(...names.map(([value, text]) => h("option", { value }, text)));
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
    return [["/", "filter", () => this.filter.focus()], ["x", "step, relative, wall time", next(this.axis)], ["y", "linear, log, symlog", next(this.y)],
      ["<", "less smoothing", more(-0.1)], [">", "more smoothing", more(0.1)], ["X", "logarithmic x axis", flip("xlog", "Log x")],
      ["o", "clip outliers", flip("clip", "Clip outliers")], ["l", "link x axes", flip("link", "Link x")],
      ["z, Z", "zoom back, forward", (event) => (event.key === "z" ? this.group.undo() : this.group.redo())],
      ["c", "to the next chart", () => nextChart(1)], ["C", "to the chart before", () => nextChart(-1)]];
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
