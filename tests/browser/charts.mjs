// charts.mjs - zoom, pan, history, axes, smoothing, marks, a spike among many points, downloads.

import { createWriteStream, readFileSync } from "node:fs";
import { once } from "node:events";
import path from "node:path";
import {
  check,
  colouredPixels,
  drag,
  eventually,
  guild,
  inAddress,
  makeFolder,
  openPage,
  picture,
  startView,
  step,
  texts,
} from "./harness.mjs";

const POINTS = 400000;
const SPIKE = 271828;

/** A run with one spike among many points, and a short series with NaN and infinity. */
async function makeSpike() {
  const folder = makeFolder();
  const file = createWriteStream(path.join(folder, "curve.csv"));
  file.write("key,step,time_us,value\n");
  for (let i = 0; i < POINTS; i += 1) {
    const value = i === SPIKE ? 9.5 : 1 / (1 + i / 50000) + ((i * 7919) % 1000) / 20000;
    if (!file.write(`loss,${i},${1700000000000000 + i * 1000},${value}\n`)) {
      await once(file, "drain");
    }
  }
  for (let i = 0; i < 200; i += 1) {
    file.write(`wild,${i},${1700000000000000 + i * 1000000},${i === 50 || i === 51 ? "NaN" : i === 120 ? "inf" : Math.sin(i / 9)}\n`);
  }
  file.end();
  await once(file, "finish");
  guild(folder, "import", "curve.csv");
  return folder;
}

const spikeIsSeen = async (page) => (await colouredPixels(page, "loss", 0.02, 0.5)) > 20;

async function zoomIntoSpike(page) {
  await eventually("the spike is seen among all points", () => spikeIsSeen(page));
  const at = 0.14 + 0.82 * (SPIKE / POINTS);
  for (const round of [1, 2, 3]) {
    const before = page.url();
    await drag(page, "loss", [round === 1 ? at - 0.1 : 0.25, 0.3], [round === 1 ? at + 0.1 : 0.85, 0.3]);
    await eventually("round " + round + ": the address has the zoom", () => page.url() !== before && inAddress(page, "zoom"));
    await eventually("round " + round + ": the spike is seen", () => spikeIsSeen(page));
  }
  const [, , from, to] = inAddress(page, "zoom").split(":").map(Number);
  check("the spike is inside", from < SPIKE && SPIKE < to, [from, to]);
  await picture(page, "spike-zoomed", false);
}

async function exactData(page) {
  const asked = page.waitForResponse((response) => response.url().includes("/data") && response.url().includes("from="));
  await page.goto(page.url().split("?")[0] + "?zoom=x:step:" + (SPIKE - 40) + ":" + (SPIKE + 40));
  await asked;
  await page.locator("[data-chart=loss] canvas").focus();
  await page.keyboard.press("d");
  await page.locator("[data-chart=loss] .points tbody tr").nth(79).waitFor();
  const rows = await texts(page, "[data-chart=loss] .points tbody tr");
  check("the table has every point of the range", rows.length === 81, rows.length);
  check(
    "and the spike",
    rows.some((row) => row.includes(String(SPIKE)) && row.includes("9.5")),
    rows.slice(38, 43),
  );
}

async function history(page) {
  await page.keyboard.press("d");
  await page.keyboard.press("-");
  await eventually("zoomed out a little", () => !inAddress(page, "zoom").includes(String(SPIKE - 40)));
  await page.keyboard.press("z");
  await eventually("zoom back", () => inAddress(page, "zoom").includes(String(SPIKE - 40)));
  await page.keyboard.press("Shift+Z");
  await eventually("zoom forward", () => !inAddress(page, "zoom").includes(String(SPIKE - 40)));
  const before = inAddress(page, "zoom");
  await drag(page, "loss", [0.5, 0.5], [0.3, 0.5], "Shift");
  await eventually("Shift and a drag pan", () => inAddress(page, "zoom") !== before);
  const canvas = page.locator("[data-chart=loss] canvas");
  const width = () =>
    inAddress(page, "zoom")
      .split(":")
      .slice(2)
      .map(Number)
      .reduce((a, b) => b - a);
  const wide = width();
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.wheel(0, -400);
  await eventually("the wheel zooms a chart that has the focus", () => width() < wide);
  await drag(page, "loss", [0.3, 0.2], [0.7, 0.8]);
  await eventually("a box zooms both ways", () =>
    new URL(page.url()).searchParams.getAll("zoom").some((text) => text.startsWith("y:loss")),
  );
  await canvas.dblclick();
  await eventually("a double click shows everything", () => !inAddress(page, "zoom"));
}

async function options(page) {
  await page.locator("select[aria-label='Horizontal axis']").selectOption("relative");
  await page.locator("input[aria-label=Smoothing]").fill("0.9");
  await page.locator("select[aria-label='Vertical scale']").selectOption("log");
  await eventually("lines stay with other axes", async () => (await colouredPixels(page, "loss")) > 100);
  check(
    "all of it is in the address",
    ["axis=relative", "smooth=0.9", "y=log"].every((part) => page.url().includes(part)),
    page.url(),
  );
  await page.reload();
  await page.locator("[data-chart=loss] .legend-item").waitFor();
  check("and comes back from it", (await page.locator("input[aria-label='Smoothing as a number']").inputValue()) === "0.9");
  await page.locator("select[aria-label='Vertical scale']").selectOption("symlog");
  await page.getByLabel("Clip outliers").check();
  await page.locator("[data-chart=loss] .chart-note", { hasText: "beyond the edges" }).waitFor();
  await page.getByLabel("Clip outliers").uncheck();
  await page.locator("select[aria-label='Horizontal axis']").selectOption("wild");
  await eventually("a series as horizontal axis", async () => (await colouredPixels(page, "loss")) > 50);
  check(
    "NaN and infinities are counted",
    (await texts(page, "[data-chart=wild] .bad"))[0] === "2 NaN, 1 inf",
    await texts(page, "[data-chart=wild] .bad"),
  );
  await page.goto(page.url().split("?")[0]);
}

async function tooltip(page) {
  const canvas = page.locator("[data-chart=wild] canvas");
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2);
  await page.locator("[data-chart=wild] .tip-row").first().waitFor();
  check("the tooltip names a step", /^Step \d+/.test((await texts(page, "[data-chart=wild] .tip-head b"))[0]));
}

async function downloads(page) {
  await page.locator("[data-chart=wild] canvas").focus();
  for (const [key, ending, begins] of [
    ["s", ".svg", "<svg"],
    ["p", ".png", "\x89PNG"],
    ["e", ".csv", "run,key,step,time_us,value\n"],
  ]) {
    const waiting = page.waitForEvent("download");
    await page.keyboard.press(key);
    const file = await waiting;
    check("the name of the file", file.suggestedFilename() === "wild" + ending, file.suggestedFilename());
    const bytes = readFileSync(await file.path()).toString("latin1");
    check("what a " + ending + " begins with", bytes.startsWith(begins), bytes.slice(0, 40));
    check("a CSV has every point", ending !== ".csv" || bytes.trim().split("\n").length === 201);
  }
}

async function arithmetic(page) {
  const seen = await page.evaluate(async () => {
    const { smooth } = await import("/assets/scale.js");
    const { diffLines } = await import("/assets/line_diff.js");
    const { parseAnsi } = await import("/assets/ansi.js");
    return {
      half: [...smooth(Float64Array.of(1, 2, NaN, 4), 0.5)].map(String),
      same: [...smooth(Float64Array.of(3, 3, 3), 0.9)],
      diff: diffLines(["a", "b", "c", "e"], ["a", "c", "d", "e"])
        .map((line) => line.kind[0] + line.text)
        .join(" "),
      ansi: parseAnsi("a\x1b[31mb\x1b[1mc\x1b[0md")
        .parts.map((part) => part.text + part.style.fg + part.style.bold)
        .join(" "),
    };
  });
  // By hand: 0.5 / 0.5; (0.25 + 1) / 0.75; NaN does not count; (0.625 + 2) / 0.875.
  check("smoothing", seen.half.join() === [1, 1.25 / 0.75, NaN, 2.625 / 0.875].map(String).join(), seen.half);
  check("equal values stay", seen.same.join() === "3,3,3", seen.same);
  check("a diff", seen.diff === "sa ob sc nd se", seen.diff);
  check("colours of a terminal", seen.ansi === "afalse bredfalse credtrue dfalse", seen.ansi);
}

export async function charts(browser) {
  const view = await startView(await makeSpike());
  const page = await openPage(browser, view.base);
  await page.goto(view.base + "/");
  await page.locator("[data-chart=loss] .legend-item").waitFor();
  await step("zoom into a spike", () => zoomIntoSpike(page));
  await step("exact data when zoomed", () => exactData(page));
  await step("zoom history, pan, wheel, box", () => history(page));
  await step("axes, smoothing, scales", () => options(page));
  await step("tooltip", () => tooltip(page));
  await step("downloads", () => downloads(page));
  await step("arithmetic", () => arithmetic(page));
  await page.close();
  await view.stop();
}
