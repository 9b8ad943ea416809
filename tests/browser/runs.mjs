// runs.mjs - the table of ten thousand runs: first paint, scrolling, filter, condition, groups, choice; then the comparison.

import path from "node:path";
import {
  check,
  checkLayout,
  colouredPixels,
  copyRuns,
  eventually,
  inAddress,
  openPage,
  picture,
  runsOf,
  startView,
  step,
  texts,
} from "./harness.mjs";

const COUNT = 10000;
const TOTAL = COUNT + 3; // and those that were trained
const row = ".virtual tbody tr[data-run]";

/** In the page: when the first answer of the list began, when its rows and when all of them were on the screen. */
function watchPaint() {
  const seen = { answers: [] };
  globalThis.guildPaint = seen;
  new PerformanceObserver((list) =>
    list
      .getEntries()
      .filter((entry) => entry.name.includes("/api/runs?"))
      .forEach((entry) => seen.answers.push([entry.responseStart, entry.responseEnd])),
  ).observe({ type: "resource", buffered: true });
  const look = () => {
    const note = document.querySelector(".runs-card .card-head .dim");
    const isAll = note && /^\d{5,}$/.test(note.textContent);
    seen.rows = seen.rows || (document.querySelector(".virtual tbody tr[data-run]") ? performance.now() : 0);
    seen.all = isAll ? performance.now() : 0;
    isAll || requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** Prints how long the page takes when the server has the list ready. No check: other programs share the machine. */
async function firstPaint(browser, base) {
  let best = null;
  for (let round = 0; round < 3; round += 1) {
    const page = await openPage(browser, base);
    await page.addInitScript(watchPaint);
    await page.goto(base + "/runs");
    await page.waitForFunction(() => globalThis.guildPaint.all && globalThis.guildPaint.answers.length > 1);
    const { answers, rows, all } = await page.evaluate(() => globalThis.guildPaint);
    const times = [rows - answers[0][0], all - answers[1][1], rows, all];
    best = best && best[0] < times[0] ? best : times;
    await page.close();
  }
  const [first, rest, opened, whole] = best.map((ms) => ms.toFixed(0));
  console.log("first useful paint of " + COUNT + " runs: " + first + " ms after the first byte of the list, " + opened + " ms after opening");
  console.log("all " + COUNT + " rows: " + rest + " ms after the last byte, " + whole + " ms after opening");
}

async function manyRows(page, base) {
  await page.goto(base + "/runs");
  await page.locator(row).first().waitFor();
  await page.locator(".runs-card .card-head .dim", { hasText: new RegExp("^" + TOTAL + "$") }).waitFor();
  const elements = await page.locator(row).count();
  check("only the rows in sight are elements", elements < 100, elements);
  check("all are counted for screen readers", (await page.locator(".virtual").getAttribute("aria-rowcount")) === String(TOTAL + 1));
  const titles = await texts(page, ".virtual thead .sort");
  check(
    "fields and varying flags are columns",
    ["Loss", "lr", "seed"].every((name) => titles.includes(name)),
    titles,
  );
  await checkLayout(page, "10,000 runs");
  await picture(page, "runs-10000", false);
}

async function scrolling(page) {
  const slow = await page.evaluate(async () => {
    const box = document.querySelector(".virtual-box");
    const gaps = [];
    let last = performance.now();
    for (let i = 0; i < 60; i += 1) {
      box.scrollTop += 3000;
      await new Promise(requestAnimationFrame);
      gaps.push(performance.now() - last);
      last = performance.now();
    }
    return { worst: Math.max(...gaps), rows: document.querySelectorAll(".virtual tbody tr[data-run]").length, top: box.scrollTop };
  });
  check("rows follow the scrolling", slow.rows > 10 && slow.top > 100000, slow);
  console.log("scrolling 60 frames: longest " + slow.worst.toFixed(0) + " ms");
  await page.evaluate(() => {
    document.querySelector(".virtual-box").scrollTop = 0;
  });
}

async function filters(page) {
  const note = ".runs-card .card-head .dim";
  await page.locator("[aria-label='Filter runs']").fill("seed=3");
  await page.locator(note, { hasText: "2000 of" }).waitFor();
  await page.locator("[aria-label='Filter runs']").fill("");
  await page.locator("[aria-label=Condition]").fill("flag:lr = 0.1 and flag:seed = 1");
  await page.locator("[aria-label=Condition]").press("Enter");
  await page.locator(note, { hasText: /^500$/ }).waitFor();
  check("the condition is in the address", inAddress(page, "where") === "flag:lr = 0.1 and flag:seed = 1");
  await page.locator("[aria-label=Condition]").fill("flag:lr >");
  await page.locator("[aria-label=Condition]").press("Enter");
  await page.locator(".query-error").waitFor();
  check("a mistake is shown at its column", (await texts(page, ".query-error"))[0].includes("^"), await texts(page, ".query-error"));
  await page.locator("[aria-label=Condition]").fill("");
  await page.locator("[aria-label=Condition]").press("Enter");
  await page.locator(note, { hasText: new RegExp("^" + TOTAL + "$") }).waitFor();
  await page.locator(".virtual thead .sort", { hasText: "lr" }).click();
  await page.locator(".virtual thead th[aria-sort]", { hasText: "lr" }).waitFor();
  await page.getByLabel("Hide failed").check();
  await page.locator(note, { hasText: TOTAL - COUNT / 10 + " of" }).waitFor();
  await page.locator("[aria-label='Group by']").selectOption("flags/lr");
  await page.locator(".group-head").first().waitFor();
  check("groups", /^lr = /.test((await texts(page, ".group-head"))[0]), await texts(page, ".group-head"));
  await picture(page, "runs-groups", false);
  await page.locator("[aria-label='Group by']").selectOption("");
  await page.getByLabel("Hide failed").uncheck();
}

const titlesOf = (page) => texts(page, ".virtual thead .sort");

async function columns(page) {
  check("a flag that is the same everywhere is no column", !(await titlesOf(page)).includes("data_dir"), await titlesOf(page));
  await page.getByLabel("Only varying flags").uncheck();
  await eventually("until it is asked for", async () => (await titlesOf(page)).includes("data_dir"));
  await page.getByLabel("Only varying flags").check();
  await page.getByRole("button", { name: "Columns" }).click();
  await page.locator("dialog.chooser").getByLabel(/^Duration/).uncheck();
  await page.locator("dialog.chooser").getByLabel(/^Run$/).check();
  await picture(page, "columns", false);
  await page.keyboard.press("Escape");
  const titles = await titlesOf(page);
  check("columns are chosen", titles.includes("Run") && !titles.includes("Duration"), titles);
  check("and in the address", inAddress(page, "cols") === "id,duration" || inAddress(page, "cols") === "duration,id", inAddress(page, "cols"));
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByRole("button", { name: "As usual" }).click();
  check("and as before", (await titlesOf(page)).includes("Duration"));
}

async function choosing(page) {
  await page.locator(row).nth(1).click();
  await page
    .locator(row)
    .nth(5)
    .click({ modifiers: ["Shift"] });
  check("Shift chooses a range", (await page.locator(row + ".chosen").count()) === 5, await texts(page, ".tray"));
  await page.locator(row).nth(2).locator("[aria-label^=Baseline]").click();
  const pinned = await page.locator(row).nth(4).getAttribute("data-run");
  await page.locator(row).nth(4).locator("[aria-label^=Pin]").click();
  check("a pinned run stands first", (await page.locator(row).first().getAttribute("data-run")) === pinned);
  await page.locator(row).first().locator("[aria-label^=Pin]").click();
  await page.reload();
  await page
    .locator(row + ".chosen")
    .first()
    .waitFor();
  check("the choice comes back from the address", (await page.locator(".tray b").textContent()) === "5 runs");
  await picture(page, "runs-chosen", false);
  await page.locator(".tray a").click();
  await page.locator(".compare tbody tr").nth(4).waitFor();
}

async function comparing(page) {
  await page.locator("[data-chart=loss] .legend-item").nth(4).waitFor();
  await eventually("overlaid lines", async () => (await colouredPixels(page, "loss")) > 200);
  check(
    "differing columns are marked",
    (await texts(page, ".compare thead th.differs")).includes("seed"),
    await texts(page, ".compare thead th"),
  );
  check("one baseline", (await page.locator(".compare tr.baseline").count()) === 1);
  await page.locator(".compare tbody tr").nth(0).locator("[aria-label^='Show its lines']").click();
  await eventually("the eye takes a line away", async () => (await page.locator("[data-chart=loss] .legend-item").count()) === 4);
  await page.locator("select[aria-label='Mean over']").selectOption("*");
  await page.locator("[data-chart=loss] .legend-item", { hasText: "all" }).first().waitFor();
  await checkLayout(page, "compare");
  await picture(page, "compare-mean");
  await page.locator("select[aria-label='Mean over']").selectOption("");
  for (const [tab, sign] of [
    ["scatter", ".point"],
    ["parallel", ".run-line"],
    ["diff", ".diff-pairs td.old"],
  ]) {
    await page.locator(`[data-tab=${tab}]`).click();
    await page.locator(sign).first().waitFor();
    await checkLayout(page, tab);
    await picture(page, "compare-" + tab);
  }
  await page.locator("[data-tab=charts]").click();
}

/** folder: with one finished run and the tutorial's fields. */
export async function runs(browser, folder) {
  const rates = ["0.1", "0.03", "0.01", "0.003"];
  const first = path.join(folder, "runs", runsOf(folder)[0]);
  copyRuns(folder, first, COUNT, (i) => ({
    flags: { data_dir: "data", lr: rates[i % 4], seed: i % 5, batch: 32 << (i % 3), same: "yes", log_dir: "runs/" + i },
    exit: i % 10 === 7 ? 1 : 0,
  }));
  const view = await startView(folder);
  const page = await openPage(browser, view.base);
  await step("ten thousand runs", () => manyRows(page, view.base));
  await step("first paint", () => firstPaint(browser, view.base));
  await step("scrolling", () => scrolling(page));
  await step("filter, condition, sort, groups", () => filters(page));
  await step("columns", () => columns(page));
  await step("choosing runs", () => choosing(page));
  await step("comparing runs", () => comparing(page));
  await page.close();
  await view.stop();
}
