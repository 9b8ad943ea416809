// compare.mjs - the comparison of a project that chooses its columns; runs whose printed numbers differ, and the band of their mean.

import { writeFileSync } from "node:fs";
import path from "node:path";
import { check, checkLayout, guild, makeFolder, openPage, picture, runsOf, serveSources, startView, step, texts } from "./harness.mjs";

const PROJECT = String.raw`[model]
  train = sh lines.sh

[flags]
  base = 0

[output]
  pattern = step (?P<step>\d+) loss (?P<loss>\S+)

[field "loss"]
  label = Last Loss
  source = series/output/loss

[series "loss"]
  title = Loss
  source = series/output/loss

[compare]
  columns = flags/base loss
`;

const SCRIPT = `for i in 0 1 2 3 4 5 6 7 8 9; do
  echo "step $i loss $(($2 + i))"
done
`;

async function chosenColumns(page) {
  await page.locator(".compare tbody tr").nth(2).waitFor();
  const heads = (await texts(page, ".compare thead th")).map((text) => text.trim()).filter(Boolean);
  check("the columns that the project chooses, in its order", heads.join() === "Legend,Name,Status,Duration,base,Last Loss,Remove", heads);
  const losses = await texts(page, ".compare tbody tr td:nth-last-child(2)");
  check("what the runs printed", losses.map((text) => text.trim()).sort().join() === "109,59,9", losses);
}

async function bandOfTheMean(page) {
  await page.locator("[data-chart=loss] .legend-item").nth(2).waitFor();
  await page.locator("select[aria-label='Mean over']").selectOption("*");
  await page.locator("[data-chart=loss] .legend-item", { hasText: "all" }).first().waitFor();
  const box = await page.locator("[data-chart=loss] canvas").boundingBox();
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5);
  await page.locator("[data-chart=loss] .tip-row i").first().waitFor();
  const [low, high] = (await texts(page, "[data-chart=loss] .tip-row i"))[0].split(" \u2026 ").map(Number);
  check("the band goes from the smallest to the largest", high - low === 100, [low, high]);
  const axis = await page.evaluate(async () => {
    const { makeView } = await import("/source/chart_view.js");
    const [xs, raw] = [Float64Array.of(0, 1), Float64Array.of(50, 59)];
    const band = { low: Float64Array.of(0, 9), high: Float64Array.of(100, 109) };
    const { y0, y1 } = makeView([{ xs, raw, band }], { axis: "step", y: "linear", width: 400, height: 300, measure: () => 20 });
    return [y0, y1];
  });
  check("the axis has room for it", axis[0] <= 0 && axis[1] >= 109, axis);
  await checkLayout(page, "compare-band");
  await picture(page, "compare-band", false);
}

async function spikeInTheBand(page) {
  const seen = await page.evaluate(async () => {
    const { groupMeans } = await import("/source/group_mean.js");
    const steps = Float64Array.from({ length: 20000 }, (_, i) => i);
    const flat = { key: "k", steps, times: steps, values: new Float64Array(20000), count: 20000 };
    const spiky = { ...flat, run: "b", values: flat.values.map((_, i) => (i === 10001 ? 7 : 0)) };
    const [mean] = groupMeans([{ ...flat, run: "a" }, spiky], () => ({ name: "all", color: "" }));
    return [mean.steps.length, Math.max(...mean.band.high), Math.min(...mean.band.low)];
  });
  check("a spike between the steps of a mean is in its band", seen[0] < 1000 && seen[1] === 7 && seen[2] === 0, seen);
}

export async function compare(browser) {
  const folder = makeFolder();
  writeFileSync(path.join(folder, "Guild"), PROJECT);
  writeFileSync(path.join(folder, "lines.sh"), SCRIPT);
  for (const base of [0, 50, 100]) {
    guild(folder, "train", "-F", "base=" + base);
  }
  const view = await startView(folder);
  const page = await openPage(browser, view.base);
  await serveSources(page);
  await page.goto(view.base + "/compare?runs=" + runsOf(folder).map(encodeURIComponent).join(","));
  await step("columns of the project", () => chosenColumns(page));
  await step("the band of a mean", () => bandOfTheMean(page));
  await step("a spike in the band", () => spikeInTheBand(page));
  await page.close();
  await view.stop();
}
