// live.mjs - what happens while the page is open: a run starts and grows, output colours, a run is deleted.

import { rmSync } from "node:fs";
import path from "node:path";
import { check, colouredPixels, eventually, picture, runsOf, startGuild, step, texts } from "./harness.mjs";

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

export async function live(page, base, folder) {
  await step("a live run grows, and is found by itself", () => grows(page, base, folder));
  await step("charts of a live training grow", () => trainingGrows(page, base, folder));
  await step("a run that is deleted", () => isDeleted(page, base, folder));
}
