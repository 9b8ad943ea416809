// live.mjs - what happens while the page is open: a run starts and grows, fails, is deleted; how soon a point is seen.

import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import {
  check,
  childProgram,
  colouredPixels,
  eventually,
  makeFolder,
  openPage,
  picture,
  runsOf,
  startGuild,
  startView,
  step,
  texts,
} from "./harness.mjs";

const SCRIPT = `import sys, time, os
sys.path.insert(0, ".")
for i in range(8):
    print("\\x1b[32mline %d\\x1b[0m" % i, flush=True)
    sys.stderr.write("\\rprogress %d%%" % (i * 12)); sys.stderr.flush()
    time.sleep(0.7)
sys.stderr.write("\\n")
`;

async function grows(page, base, folder) {
  await page.goto(base + "/");
  await page.locator(".run-title .pill").waitFor();
  const done = startGuild(folder, "run", "--", "python3", "-c", SCRIPT);
  await page.locator(".run-title .pill[data-status=running]").waitFor();
  await page.locator(".output-body .line", { hasText: "line 2" }).waitFor();
  await done;
  await page.locator(".run-title .pill[data-status=completed]").waitFor();
  await page.locator(".output-body .line", { hasText: "line 7" }).waitFor();
  check("colours of the terminal", (await page.locator(".output-body .ansi-fg-green", { hasText: "line 7" }).count()) === 1);
  await eventually("a progress bar is one line", async () => (await page.locator(".output-body .line.err .fold").count()) === 1);
  const values = await texts(page, ".field-value");
  check("fields without data show dashes", values.length === 5 && values.every((value) => value === "--"), values);
  await page.locator("[aria-label=Stream]").selectOption("err");
  check("one stream", (await texts(page, ".output-body .line")).length === 1);
  await page.locator("[aria-label=Stream]").selectOption("");
  await page.locator("[aria-label='Search output']").fill("line 3");
  check("one match", (await page.locator(".output-body mark").count()) === 1);
  await page.getByLabel("Only matches").check();
  check("only matches", (await texts(page, ".output-body .line")).join() === "line 3");
}

async function trainingGrows(page, base, folder) {
  await page.goto(base + "/");
  const done = startGuild(folder, "train", "-F", "max_steps=400");
  await page.locator(".run-title .pill[data-status=running]").waitFor();
  await page.locator("[data-chart=loss] .legend-item").waitFor();
  const counts = async () =>
    Number(
      ((await page.locator("[data-chart=loss] .legend-item").getAttribute("title")) || "").replace(/,/g, "").match(/(\d+) points/)?.[1] ||
        0,
    );
  const first = await counts();
  await eventually("the chart grows", async () => (await counts()) > first);
  await picture(page, "live", false);
  await done;
  await page.locator(".run-title .pill[data-status=completed]").waitFor();
  await eventually("the line is there", async () => (await colouredPixels(page, "loss")) > 100);
}

async function fails(page, base, folder) {
  await startGuild(folder, "run", "--", "sh", "-c", "echo the last words; kill -SEGV $$");
  await page.goto(base + "/");
  await page.locator(".run-title .pill[data-status=error]").waitFor();
  check("why it ended is told", /^SIGSEGV/.test((await texts(page, ".run-title .cause"))[0]), await texts(page, ".cause"));
  await picture(page, "failed", false);
  await page.goto(base + "/runs");
  const pill = page.locator(".virtual tbody tr").locator(".pill[data-status=error]").first();
  check("and in the table", /^SIGSEGV/.test((await pill.getAttribute("title")) || ""));
}

/** In the page: notes when the legend of the only chart says so many points, and the picture with them is drawn. */
function watchPoints() {
  const seen = [];
  globalThis.guildSeen = seen;
  const look = () => {
    const item = document.querySelector("[data-chart=loss] .legend-item");
    const count = item ? Number((item.title.match(/\(([\d,]+) points/) || ["", "0"])[1].replaceAll(",", "")) : 0;
    if (count > (seen.length ? seen.at(-1)[0] : 0)) {
      seen.push([count, Date.now()]);
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** A point is on the screen within 1.5 s of log(): the recorder gathers for half a second at most, and the page reads from 0.8
 *  to 0.8 of its interval while something runs. How long it took is printed: a busy machine is no mistake. */
async function isSeenSoon(browser) {
  const folder = makeFolder();
  const done = startGuild(folder, "run", "--", childProgram("log_points"), "60", "200");
  await eventually("the run is there", () => existsSync(path.join(folder, "runs")) && runsOf(folder).length === 1);
  const view = await startView(folder);
  const page = await openPage(browser, view.base);
  const { interval_ms: interval } = await (await fetch(view.base + "/api/settings")).json();
  check("the page reads once a second", interval === 1000, interval);
  await page.addInitScript(watchPoints);
  await page.goto(view.base + "/");
  await done;
  await page.locator(".run-title .pill[data-status=completed]").waitFor();
  await page.waitForFunction(() => globalThis.guildSeen.length > 0 && globalThis.guildSeen.at(-1)[0] === 60);
  const seen = await page.evaluate(() => globalThis.guildSeen);
  const { series } = await (await fetch(view.base + "/api/runs/latest/data?pattern=loss")).json();
  const opened = seen[0][1];
  const waits = series[0].times_us
    .map((us, i) => [us / 1000, seen.find(([count]) => count > i)[1]])
    .filter(([logged]) => logged > opened)
    .map(([logged, shown]) => shown - logged)
    .sort((a, b) => a - b);
  check("points came one reading after the other", seen.length > 3 && waits.length > 5, seen);
  const [middle, worst] = [waits[Math.floor(waits.length / 2)], waits.at(-1)].map((ms) => (ms / 1000).toFixed(2));
  console.log("from log() to the screen: " + middle + " s in the middle, " + worst + " s at worst, of " + waits.length + " points");
  await page.close();
  await view.stop();
}

async function isDeleted(page, base, folder) {
  const first = runsOf(folder)[0];
  const count = runsOf(folder).length;
  await page.goto(base + "/runs/" + first);
  await page.locator(".output-body .line").first().waitFor();
  rmSync(path.join(folder, "runs", first), { recursive: true });
  await page.reload();
  await page.locator("[data-banner=deleted]").waitFor();
  await page.locator("[data-banner=deleted] a").click();
  await eventually("the page lives on", async () => (await page.locator(".virtual tbody tr[data-run]").count()) === count - 1);
}

export async function live(browser, page, base, folder) {
  await step("a live run grows, and is found by itself", () => grows(page, base, folder));
  await step("charts of a live training grow", () => trainingGrows(page, base, folder));
  await step("a run that fails", () => fails(page, base, folder));
  await step("a point is seen soon", () => isSeenSoon(browser));
  await step("a run that is deleted", () => isDeleted(page, base, folder));
}
