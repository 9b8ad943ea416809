// spark.js - a curve as small as a word.

import { extent } from "./scale.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [96, 24];

export function sparkline(values, color) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "spark");
  svg.setAttribute("viewBox", "0 0 " + WIDTH + " " + HEIGHT);
  svg.setAttribute("aria-hidden", "true");
  const range = extent([values]);
  if (range) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", curve(values, range));
    if (color) {
      path.style.stroke = color;
    }
    svg.append(path);
  }
  return svg;
}

function curve(values, [low, high]) {
  let pen = "M";
  let out = "";
  values.forEach((value, i) => {
    if (Number.isFinite(value)) {
      const x = 2 + (i / Math.max(1, values.length - 1)) * (WIDTH - 4);
      const y = HEIGHT - 3 - ((value - low) / (high - low || 1)) * (HEIGHT - 6);
      out += pen + x.toFixed(1) + " " + y.toFixed(1);
    }
    pen = Number.isFinite(value) ? "L" : "M";
  });
  return out || "M0 0";
}
