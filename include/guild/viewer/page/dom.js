// dom.js - building elements. Data only ever becomes text nodes and attributes, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element: h("div", {class: "card", onclick: f, title: t}, child, "text", [more]). */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) {
      continue;
    }
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else if (name === "dataset") {
      Object.assign(element.dataset, value);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  append(element, children);
  return element;
}

function append(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) {
      continue;
    }
    parent.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Replaces everything in `parent` by `children`. */
export function fill(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
  return parent;
}

/** Sets text only when it differs, so that a live page does not disturb a selection. */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

// Line icons of our own on a 24 x 24 grid.
const PATHS = {
  accuracy: ["M12 3a9 9 0 1 0 9 9", "M12 7.5a4.5 4.5 0 1 0 4.5 4.5", "M12 12 20 4", "M16.5 4v3.5H20"],
  loss: ["M4 4v16h16", "M7.5 7c2 7 5 8.5 11.5 9", "M16 13.2 19 16l-3 2.8"],
  steps: ["M4 19h4v-4h4v-4h4V7h4"],
  time: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18", "M12 7v5l3.2 2"],
  chart: ["M4 4v16h16", "M7 15l4-5 3 3 5-7"],
  memory: ["M7 7h10v10H7z", "M10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4"],
  speed: ["M4 17a8 8 0 1 1 16 0", "M12 17l4-6"],
  value: ["M5 9h14M5 15h14M10 4 8 20M16 4l-2 16"],
  sun: ["M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8", "M12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M5 5l1.7 1.7M17.3 17.3 19 19M19 5l-1.7 1.7M6.7 17.3 5 19"],
  moon: ["M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z"],
  list: ["M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01"],
  expand: ["M4 9V4h5M20 15v5h-5M4 4l6 6M20 20l-6-6"],
  shrink: ["M10 5v5H5M14 19v-5h5M10 10 4 4M14 14l6 6"],
  close: ["M6 6l12 12M18 6 6 18"],
  warning: ["M12 3.5 22 20H2z", "M12 10v4.5M12 17.2v.1"],
  back: ["M14 5l-7 7 7 7"],
};

// Names that project files of the 2017 tool use for the same pictures.
const ALIASES = {
  "line-chart": "chart", "area-chart": "chart", "bar-chart": "chart", "clock-o": "time", clock: "time",
  bullseye: "accuracy", crosshairs: "accuracy", hashtag: "value", tachometer: "speed",
  dashboard: "speed", microchip: "memory", database: "memory", "hourglass-half": "time",
};

/** Makes the icon called `name`; an unknown name gives the number sign. */
export function icon(name) {
  const paths = PATHS[ALIASES[name] || name] || PATHS.value;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  for (const d of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
