// icons.js - line icons of our own on a 24 x 24 grid.

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  accuracy: ["M12 3a9 9 0 1 0 9 9", "M12 7.5a4.5 4.5 0 1 0 4.5 4.5", "M12 12 20 4", "M16.5 4v3.5H20"],
  loss: ["M4 4v16h16", "M7.5 7c2 7 5 8.5 11.5 9", "M16 13.2 19 16l-3 2.8"],
  steps: ["M4 19h4v-4h4v-4h4V7h4"],
  time: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18", "M12 7v5l3.2 2"],
  chart: ["M4 4v16h16", "M7 15l4-5 3 3 5-7"],
  memory: ["M7 7h10v10H7z", "M10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4"],
  speed: ["M4 17a8 8 0 1 1 16 0", "M12 17l4-6"],
  value: ["M5 9h14M5 15h14M10 4 8 20M16 4l-2 16"],
  sun: [
    "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8",
    "M12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M5 5l1.7 1.7M17.3 17.3 19 19M19 5l-1.7 1.7M6.7 17.3 5 19",
  ],
  moon: ["M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z"],
  list: ["M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01"],
  expand: ["M4 9V4h5M20 15v5h-5M4 4l6 6M20 20l-6-6"],
  shrink: ["M10 5v5H5M14 19v-5h5M10 10 4 4M14 14l6 6"],
  close: ["M6 6l12 12M18 6 6 18"],
  warning: ["M12 3.5 22 20H2z", "M12 10v4.5M12 17.2v.1"],
  back: ["M14 5l-7 7 7 7"],
  more: ["M5 11a1 1 0 1 0 .01 0M12 11a1 1 0 1 0 .01 0M19 11a1 1 0 1 0 .01 0"],
  eye: ["M2.5 12s3.5-6.5 9.5-6.5 9.5 6.5 9.5 6.5-3.5 6.5-9.5 6.5S2.5 12 2.5 12z", "M12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6"],
  "eye-off": [
    "M4 4l16 16",
    "M9.5 5.8a9 9 0 0 1 2.5-.3c6 0 9.5 6.5 9.5 6.5a17 17 0 0 1-2.6 3.4M6.3 7.3A17 17 0 0 0 2.5 12s3.5 6.5 9.5 6.5a9 9 0 0 0 4.6-1.3",
  ],
  pin: ["M9 4h6l-1 6 3 3H7l3-3z", "M12 13v7"],
  flag: ["M6 21V4h11l-2 4 2 4H6"],
  file: ["M6 3h8l4 4v14H6z", "M14 3v4h4"],
  download: ["M12 4v11M7.5 11 12 15.5 16.5 11M5 20h14"],
  link: ["M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1", "M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.700l1-1"],
  keyboard: ["M3 7h18v10H3z", "M7 10.500h.01M11 10.500h.01M15 10.500h.01M8 14h8"],
  columns: ["M4 5h16v14H4zM10 5v14M15 5v14"],
};

// Names that project files of the 2017 tool use for the same pictures.
const ALIASES = {
  "line-chart": "chart",
  "area-chart": "chart",
  "bar-chart": "chart",
  "clock-o": "time",
  clock: "time",
  bullseye: "accuracy",
  crosshairs: "accuracy",
  hashtag: "value",
  tachometer: "speed",
  dashboard: "speed",
  microchip: "memory",
  database: "memory",
  "hourglass-half": "time",
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
