// charts.mjs - zoom, pan, history, axes, smoothing, marks, a spike among many points, downloads.

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  check,
  childProgram,
  colouredPixels,
  drag,
  eventually,
  guild,
  inAddress,
  makeFolder,
  openPage,
  picture,
  serveSources,
  startView,
  step,
  texts,
} from "./harness.mjs";

const POINTS = 10000000;
const SPIKE = 2718281;

/** A run with one spike among ten million points, and a short series with NaN and infinity. */
function makeSpike() {
  const folder = makeFolder();
  guild(folder, "run", "--", childProgram("log_points"), String(POINTS), "0", String(SPIKE));
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

/** From all points down to a few, the spike somewhere else in the window each time. */
async function everyZoom(page) {
  const address = page.url().split("?")[0];
  let level = 0;
  for (let width = POINTS; width > 20; width /= 5) {
    const part = [0.5, 0.07, 0.93, 0.31, 0.72][level % 5];
    const from = Math.max(0, Math.round(SPIKE - width * part));
    await page.goto(address + "?zoom=x:step:" + from + ":" + Math.round(from + width));
    await eventually("the spike is seen in " + Math.round(width) + " steps", () => spikeIsSeen(page));
    level += 1;
  }
  check("levels", level === 9, level);
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
  await page.locator("select[aria-label='Horizontal axis']").selectOption("wall");
  await eventually("wall time", async () => (await colouredPixels(page, "wild")) > 50);
  await page.locator("select[aria-label='Horizontal axis']").selectOption("wild");
  await eventually("a series as horizontal axis", async () => (await colouredPixels(page, "loss")) > 50);
  check(
    "NaN and infinities are counted",
    (await texts(page, "[data-chart=wild] .bad"))[0] === "2 NaN, 1 inf",
    await texts(page, "[data-chart=wild] .bad"),
  );
  await page.goto(page.url().split("?")[0]);
}

/** All pixels of a chart as one number. */
const pixels = (page, chart) =>
  page.locator(`[data-chart="${chart}"] canvas`).evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.reduce((sum, byte, i) => (sum * 31 + byte * (i % 251)) % 1000000007, 7);
  });

async function linked(page) {
  const view = page.url().split("?")[0] + "?zoom=x:step:0:199";
  await page.goto(view);
  await eventually("both charts are zoomed", async () => (await colouredPixels(page, "wild")) > 100);
  await page.locator("[data-chart=wild] canvas").scrollIntoViewIfNeeded();
  await page.waitForTimeout(300); // exact points come and are drawn
  const before = await pixels(page, "loss");
  const box = await page.locator("[data-chart=wild] canvas").boundingBox();
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5);
  await eventually("the crosshair is in the other chart too", async () => (await pixels(page, "loss")) !== before);
  check("its tooltip is not", await page.locator("[data-chart=loss] .chart-tip").isHidden());
  await page.getByLabel("Link x").uncheck();
  await eventually("without a link each chart has its own zoom", async () => page.url().includes("link=0"));
  await drag(page, "wild", [0.3, 0.3], [0.6, 0.3]);
  await eventually("of its own name", () => new URL(page.url()).searchParams.getAll("zoom").some((text) => text.startsWith("x:@wild:")));
  await page.goto(view.split("?")[0] + "?xlog=1");
  await eventually("a logarithmic x axis", async () => (await colouredPixels(page, "loss")) > 100);
  check("is a box that is on", await page.getByLabel("Log x").isChecked());
  await page.goto(view.split("?")[0]);
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

/** Fingers, as the browser's own protocol makes them: [[x, y], ...] in parts of the chart, step by step. */
async function fingers(page, chart, steps) {
  const canvas = page.locator(`[data-chart="${chart}"] canvas`);
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  const protocol = await page.context().newCDPSession(page);
  const send = (type, places) =>
    protocol.send("Input.dispatchTouchEvent", {
      type,
      touchPoints: places.map(([x, y], id) => ({ x: box.x + box.width * x, y: box.y + box.height * y, id })),
    });
  await send("touchStart", steps[0]);
  for (const places of steps.slice(1)) {
    await send("touchMove", places);
  }
  await send("touchEnd", []);
}

const zoomWidth = (page) => {
  const [, , from, to] = (inAddress(page, "zoom") || "::0:" + POINTS).split(":").map(Number);
  return to - from;
};

async function touch(browser, base) {
  const page = await openPage(browser, base, { viewport: { width: 400, height: 800 }, hasTouch: true });
  await page.goto(base + "/");
  await page.locator("[data-chart=loss]").scrollIntoViewIfNeeded(); // charts load when they come into sight
  await page.locator("[data-chart=loss] .legend-item").waitFor();
  await eventually("lines", () => spikeIsSeen(page));
  await fingers(page, "loss", [
    [[0.45, 0.5], [0.55, 0.5]],
    [[0.35, 0.5], [0.65, 0.5]],
    [[0.25, 0.5], [0.75, 0.5]],
  ]);
  await eventually("two fingers apart zoom in", () => zoomWidth(page) > 0.1 * POINTS && zoomWidth(page) < 0.3 * POINTS);
  await fingers(page, "loss", [
    [[0.5, 0.4], [0.5, 0.6]],
    [[0.5, 0.2], [0.5, 0.8]],
  ]);
  await eventually("one above the other zoom vertically", () =>
    new URL(page.url()).searchParams.getAll("zoom").some((text) => text.startsWith("y:loss")),
  );
  await fingers(page, "loss", [[[0.3, 0.5]], [[0.5, 0.5]], [[0.6, 0.5]]]);
  await page.locator("[data-chart=loss] .tip-row").first().waitFor();
  check("one finger moves the crosshair, which stays", /^Step \d+/.test((await texts(page, "[data-chart=loss] .tip-head b"))[0]));
  await picture(page, "touch", false);
  await fingers(page, "loss", [
    [[0.1, 0.5], [0.9, 0.5]],
    [[0.48, 0.5], [0.52, 0.5]],
  ]);
  await eventually("two fingers together show everything", () => !inAddress(page, "zoom"));
  await page.close();
}

/** Two fingers on a trackpad are small turns of a wheel with Ctrl. */
async function trackpad(page) {
  await page.goto(page.url().split("?")[0]);
  await page.locator("[data-chart=loss] .legend-item").waitFor();
  const box = await page.locator("[data-chart=loss] canvas").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.keyboard.down("Control");
  for (let i = 0; i < 10; i += 1) {
    await page.mouse.wheel(3, -8);
  }
  await page.keyboard.up("Control");
  await eventually("a pinch zooms", () => inAddress(page, "zoom") && zoomWidth(page) < 0.7 * POINTS);
  await page.keyboard.press("Escape");
  await page.goto(page.url().split("?")[0]);
}

async function arithmetic(page) {
  await serveSources(page);
  const seen = await page.evaluate(async () => {
    const { smooth } = await import("/source/scale.js");
    const { diffLines } = await import("/source/line_diff.js");
    const { parseAnsi } = await import("/source/ansi.js");
    const { baseOf, patternOfAll, shortNames } = await import("/source/series_names.js");
    return {
      half: [...smooth(Float64Array.of(1, 2, NaN, 4), 0.5)].map(String),
      same: [...smooth(Float64Array.of(3, 3, 3), 0.9)],
      diff: diffLines(["a", "b", "c", "e"], ["a", "c", "d", "e"])
        .map((line) => line.kind[0] + line.text)
        .join(" "),
      ansi: parseAnsi("a\x1b[31mb\x1b[1mc\x1b[0md")
        .parts.map((part) => part.text + part.style.fg + part.style.bold)
        .join(" "),
      short: [
        shortNames(["train/loss", "test/loss"]),
        shortNames(["node/disk{path=\"/a/b\"}", "node/disk{path=\"/\",mode=\"r\"}"]),
        shortNames(["loss", "loss @rank1"]),
      ],
      bases: ["a/b{c=\"/d\"} @rank12", "loss @attempt1", "loss@rank1"].map(baseOf),
      pattern: new RegExp("^(?:" + patternOfAll(["a.b", "a.b @rank1"]) + ")$"),
    };
  });
  // By hand: 0.5 / 0.5; (0.25 + 1) / 0.75; NaN does not count; (0.625 + 2) / 0.875.
  check("smoothing", seen.half.join() === [1, 1.25 / 0.75, NaN, 2.625 / 0.875].map(String).join(), seen.half);
  check("equal values stay", seen.same.join() === "3,3,3", seen.same);
  check("a diff", seen.diff === "sa ob sc nd se", seen.diff);
  check(
    "names of series",
    JSON.stringify(seen.short) ===
      JSON.stringify([
        ["train", "test"],
        ["path=/a/b", "path=/, mode=r"],
        ["loss", "loss @rank1"],
      ]),
    seen.short,
  );
  check("what one chart shows together", seen.bases.join() === "a/b,loss,loss@rank1", seen.bases);
  check("a pattern of it", seen.pattern.test("a.b") && seen.pattern.test("a.b{x=\"1\"} @rank3") && !seen.pattern.test("a.bc"));
  check("colours of a terminal", seen.ansi === "afalse bredfalse credtrue dfalse", seen.ansi);
}

/** What one metric logged under several labels, or several processes under one name, is one chart. */
async function together(browser) {
  const folder = makeFolder();
  const keys = ["loss", "loss @rank1", "loss @rank2", 'node/disk{path="/"}', 'node/disk{path="/var"}', 'node/temp{sensor="a/b"}'];
  const rows = keys.flatMap((key, k) => [0, 1, 2, 3].map((i) => `"${key.replaceAll('"', '""')}",${i},${17e14 + i * 1e6},${k + i / 4}`));
  writeFileSync(path.join(folder, "curves.csv"), ["key,step,time_us,value", ...rows, ""].join("\n"));
  guild(folder, "import", "curves.csv");
  const view = await startView(folder);
  const page = await openPage(browser, view.base);
  await page.goto(view.base + "/");
  await page.locator("[data-chart=loss] .legend-item").nth(2).waitFor();
  await page.locator("[data-chart='node/disk'] .legend-item").nth(1).waitFor();
  const titles = await texts(page, ".chart h3");
  check("a chart for each metric", titles.join() === 'node/disk,node/temp{sensor="a/b"},loss', titles);
  const names = await texts(page, "[data-chart='node/disk'] .legend-name");
  check("lines are called by their labels", names.join() === "path=/,path=/var", names);
  const ranks = await texts(page, "[data-chart=loss] .legend-name");
  check("and by their processes", ranks.join() === "loss,loss @rank1,loss @rank2", ranks);
  const box = await page.locator("[data-chart=loss] canvas").boundingBox();
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.2);
  await page.locator("[data-chart=loss] .tip-row").nth(2).waitFor();
  const near = await texts(page, "[data-chart=loss] .tip-name");
  check("the nearest line comes first", near[0] === "loss @rank2" && near[2] === "loss", near);
  const folders = await texts(page, ".folder-head span:nth-child(2)");
  check("a slash in a label makes no folder", folders.join() === "node,series", folders);
  await picture(page, "labels", false);
  await page.close();
  await view.stop();
}

export async function charts(browser) {
  const view = await startView(makeSpike());
  const page = await openPage(browser, view.base);
  await page.goto(view.base + "/");
  await page.locator("[data-chart=loss] .legend-item").waitFor();
  await step("zoom into a spike", () => zoomIntoSpike(page));
  await step("the spike at every zoom", () => everyZoom(page));
  await step("exact data when zoomed", () => exactData(page));
  await step("zoom history, pan, wheel, box", () => history(page));
  await step("axes, smoothing, scales", () => options(page));
  await step("two fingers on a trackpad", () => trackpad(page));
  await step("fingers on a screen", () => touch(browser, view.base));
  await step("linked charts", () => linked(page));
  await step("tooltip", () => tooltip(page));
  await step("downloads", () => downloads(page));
  await step("arithmetic", () => arithmetic(page));
  await step("labels and ranks", () => together(browser));
  await page.close();
  await view.stop();
}
