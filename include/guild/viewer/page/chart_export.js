// chart_export.js - a chart as SVG, PNG or CSV file, and as a table of its points.

import { paintAxes, paintLines } from "./chart_paint.js";
import { h } from "./dom.js";
import { formatTime } from "./format.js";
import { SvgContext } from "./svg_context.js";

const TABLE_ROWS = 500;
const HEAD = 34;

/** Gives a file to the browser's downloads. */
export function download(name, type, content) {
  const address = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

export function fileName(chart, ending) {
  return (
    (chart.spec.title || "chart")
      .replace(/[^\w.-]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .toLowerCase() +
    "." +
    ending
  );
}

/** The chart as it is seen, with title and legend. */
export function toSvg(chart) {
  const { view, lines, colors, measure } = picture(chart);
  const rows = legendRows(lines, view.width, measure);
  const out = new SvgContext(view.width, view.height + HEAD + rows.height, (text) => ({ width: measure(text) }));
  out.fillStyle = colors.surface;
  out.fillRect(0, 0, view.width, view.height + HEAD + rows.height);
  out.fillStyle = colors.strong;
  out.textBaseline = "middle";
  out.parts.push('<g font-size="14" font-weight="600">');
  out.fillText(chart.spec.title, 14, 20);
  out.parts.push('</g><g transform="translate(0 ' + HEAD + ')">');
  paintAxes(out, view, colors);
  paintLines(out, view, lines);
  out.parts.push("</g>");
  out.textAlign = "left";
  for (const each of rows.items) {
    out.fillStyle = each.line.color;
    out.fillRect(each.x, HEAD + view.height + each.y - 5, 10, 10);
    out.fillStyle = colors.text;
    out.fillText(each.line.name, each.x + 16, HEAD + view.height + each.y);
  }
  return out.toString();
}

function picture(chart) {
  return { view: chart.view, lines: chart.visible(), colors: chart.colors(), measure: chart.measure() };
}

function legendRows(lines, width, measure) {
  const items = [];
  let [x, y] = [14, 12];
  for (const line of lines) {
    const wide = measure(line.name) + 34;
    if (x + wide > width && x > 14) {
      [x, y] = [14, y + 18];
    }
    items.push({ line, x, y });
    x += wide;
  }
  return { items, height: y + 14 };
}

/** The same picture in pixels, twice as fine. */
export async function toPng(chart) {
  const image = new Image();
  const address = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(toSvg(chart));
  await new Promise((resolve, reject) => {
    image.onload = resolve;
    image.onerror = () => reject(new Error("the picture cannot be made"));
    image.src = address;
  });
  const canvas = h("canvas", { width: image.width * 2, height: image.height * 2 });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** Points of series as CSV, numbers as the shortest text that reads back the same. */
export function toCsv(series) {
  const quote = (text) => (/[",\n\r]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);
  const rows = ["run,key,step,time_us,value"];
  for (const one of series) {
    for (let i = 0; i < one.steps.length; i += 1) {
      rows.push([quote(one.run || ""), quote(one.key), one.steps[i], one.times[i], one.values[i]].join(","));
    }
  }
  return rows.join("\n") + "\n";
}

/** The points in sight as a table; for long series the first ones of each. */
export function pointTable(lines, view) {
  const rows = lines.flatMap((line) => {
    const inside = Array.from(line.xs.keys()).filter((i) => !view || (line.xs[i] >= view.x0 && line.xs[i] <= view.x1));
    return inside
      .slice(0, Math.ceil(TABLE_ROWS / lines.length))
      .map((i) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, line.name),
          h("td", { class: "number" }, String(line.steps[i])),
          h("td", {}, formatTime(line.times[i])),
          h("td", { class: "number" }, String(line.raw[i])),
        ),
      );
  });
  return h(
    "table",
    { class: "table points" },
    h("caption", { class: "unseen" }, "Points of the chart"),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ["Series", "Step", "Time", "Value"].map((name, i) => h("th", { scope: "col", class: i % 2 ? "number" : "" }, name)),
      ),
    ),
    h("tbody", {}, rows),
  );
}

/** One row a line: what a screen reader reads in place of the picture. */
export function summaryTable(lines, title) {
  const cell = (value) => h("td", {}, Number.isFinite(value) ? String(value) : "none");
  return h(
    "table",
    {},
    h("caption", {}, title),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ["Series", "Points", "First", "Last", "Smallest", "Largest", "NaN", "Infinite"].map((name) => h("th", { scope: "col" }, name)),
      ),
    ),
    h(
      "tbody",
      {},
      lines.map((line) => {
        const finite = line.raw.filter(Number.isFinite);
        const low = finite.reduce((a, b) => Math.min(a, b), Infinity);
        const high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
        return h(
          "tr",
          {},
          h("th", { scope: "row" }, line.name),
          cell(line.count),
          cell(line.raw[0]),
          cell(line.raw.at(-1)),
          cell(low),
          cell(high),
          cell(line.nan),
          cell(line.inf),
        );
      }),
    ),
  );
}
