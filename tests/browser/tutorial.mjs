// tutorial.mjs - the tutorial from "View training results" on: the run, five cards, two charts after editing the project file.

import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { check, colouredPixels, copyScript, eventually, guild, makeFolder, step, texts } from "./harness.mjs";

const BARE = `[project]
  name        = MNIST Tutorial
  description = Softmax and convolutional models trained \\
                on the MNIST dataset

[model "softmax"]
  description = Simple linear regression model
  train = mnist_with_summaries

[flags]
  data_dir = data
  log_dir = $RUNDIR
  max_steps = 200
`;

const FIELDS = [
  ["validation-accuracy", "tf/test/accuracy_1"],
  ["train-accuracy", "tf/train/accuracy_1"],
  ["loss", "tf/train/cross_entropy_1"],
  ["steps", "tf/train/cross_entropy_1"],
  ["time", "tf/train/cross_entropy_1"],
]
  .map(([name, key]) => `\n[field "${name}"]\n\n  @attrs template "${name}-field"\n  source = series/${key}\n`)
  .join("");

const SERIES = `
[series "accuracy"]

  @attrs template "accuracy-series"
  source = series/tf/.+/accuracy_1

[series "loss"]

  @attrs template "loss-series"
  source = series/tf/train/cross_entropy_1
`;

/** A project with one finished run of the tutorial's model. */
export function makeProject() {
  const folder = makeFolder();
  copyScript(folder);
  writeFileSync(path.join(folder, "Guild"), BARE);
  guild(folder, "train");
  return folder;
}

/** The same with fields and charts, as the tutorial ends. */
export function makeWholeProject() {
  const folder = makeProject();
  appendFileSync(path.join(folder, "Guild"), FIELDS + SERIES);
  return folder;
}

async function completedRun(page, base) {
  await page.goto(base + "/");
  await page.locator(".run-title .pill").waitFor();
  check("the run's name", (await texts(page, ".run-title h1"))[0] === "softmax");
  check("the run's status", (await texts(page, ".run-title .pill"))[0] === "Completed");
  check("the project's title", (await texts(page, ".project-title"))[0] === "MNIST Tutorial");
  await page.locator(".output-body .line", { hasText: "Accuracy at step 190" }).waitFor();
  check("flags", (await texts(page, "[data-component=flags] dt")).join() === "data_dir,log_dir,max_steps");
  check("attributes", (await page.locator("[data-component=attrs] dt").count()) > 0);
  const keys = await texts(page, ".stats tbody td:first-child");
  for (const key of ["tf/train/accuracy_1", "tf/test/accuracy_1", "tf/train/cross_entropy_1"]) {
    check("statistics of " + key, keys.includes(key), keys);
  }
  check("no field yet", (await page.locator(".field").count()) === 0);
  const folders = await texts(page, ".folder-head span:nth-child(2)");
  check("series by prefix", folders.join() === "tf/test,tf/train,op,sys" || folders.join() === "tf/test,tf/train,sys", folders);
  await page.locator("[data-chart='tf/train/accuracy_1'] .legend-item").waitFor();
}

async function fiveFields(page, file) {
  appendFileSync(file, FIELDS);
  await page.reload();
  await page.locator(".field").nth(4).waitFor();
  await page.locator(".field-value", { hasText: "%" }).first().waitFor();
  const labels = await texts(page, ".field-label");
  check("five labels", labels.join() === "Validation Accuracy,Train Accuracy,Loss,Steps,Time", labels);
  const values = await texts(page, ".field-value");
  const forms = [/^\d+\.\d\d%$/, /^\d+\.\d\d%$/, /^\d\.\d{4}$/, /^\d+$/, /^\d:\d\d:\d\d$/];
  forms.forEach((form, i) => check("the form of " + labels[i], form.test(values[i]), values[i]));
}

async function twoCharts(page, file) {
  appendFileSync(file, SERIES);
  await page.reload();
  await page.locator("[data-chart=accuracy] .legend-item").nth(1).waitFor();
  const titles = await texts(page, ".chart h3");
  check("the two charts come first", titles.slice(0, 2).join() === "Accuracy,Loss", titles);
  check("then the extra charts", titles.includes("Process Memory"), titles);
  const keys = await page.locator("[data-chart=accuracy] .legend-item").evaluateAll((items) => items.map((item) => item.dataset.key));
  check("both accuracies in one chart", keys.join() === "tf/test/accuracy_1,tf/train/accuracy_1", keys);
  check("one line of loss", (await page.locator("[data-chart=loss] .legend-item").count()) === 1);
  await eventually("lines are drawn", async () => (await colouredPixels(page, "accuracy")) > 200);
  const both = await colouredPixels(page, "accuracy");
  await page.locator("[data-chart=accuracy] .legend-item").first().click();
  await eventually("a click in the legend hides a line", async () => (await colouredPixels(page, "accuracy")) < both);
  check("and the address says so", page.url().includes("off="), page.url());
  await page.locator("[data-chart=accuracy] .legend-item").first().click();
}

async function files(page) {
  await page.locator("[data-component=files] .link", { hasText: /attrs\.tsv$/ }).click();
  await page.locator(".file-view pre", { hasText: "cpu_model" }).waitFor();
  check("an open file is in the address", /file=guild\.d\/attrs\.tsv/.test(page.url()), page.url());
  const waiting = page.waitForEvent("download");
  await page.locator("[aria-label$='attrs.tsv']").click();
  check("a file is downloaded", (await waiting).suggestedFilename() === "attrs.tsv");
  await page.locator(".file-view [aria-label=Close]").click();
  await page.locator("[data-component=statistics] .link", { hasText: "tf/test/cross_entropy_1" }).click();
  await page.locator("[data-chart='tf/test/cross_entropy_1'] .legend-item").waitFor();
  check("a click on a series opens its chart among the first", (await texts(page, ".charts h3")).includes("tf/test/cross_entropy_1"));
  await page.locator("[data-component=statistics] .link", { hasText: "tf/test/cross_entropy_1" }).click();
}

/** A link that is copied shows the same to somebody else. */
async function link(page, base) {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: base });
  await page.locator("input[aria-label=Smoothing]").fill("0.6");
  await page.locator("[data-chart=accuracy] .legend-item").first().click();
  await page.locator("h1").click();
  await page.keyboard.press("Y");
  const address = await page.evaluate(() => navigator.clipboard.readText());
  check("the link is the address", address === page.url(), address);
  await page.goto("about:blank");
  await page.goto(address);
  await page.locator("[data-chart=accuracy] .legend-item.off").waitFor();
  check("and shows the same", (await page.locator("input[aria-label='Smoothing as a number']").inputValue()) === "0.6");
  await page.goto(address.split("?")[0]);
  await page.locator("[data-chart=accuracy] .legend-item").nth(1).waitFor();
}

/** The three parts of the tutorial in their order, in one page. */
export async function tutorial(page, base, folder) {
  const file = path.join(folder, "Guild");
  await step("the completed run is shown", () => completedRun(page, base));
  await step("five fields after the edit", () => fiveFields(page, file));
  await step("two charts after the edit", () => twoCharts(page, file));
  await step("files and statistics", () => files(page));
  await step("a copied link", () => link(page, base));
  await step("a broken project file", () => brokenProject(page, file));
}

async function brokenProject(page, file) {
  const good = readFileSync(file, "utf8");
  writeFileSync(file, good.replace("[flags]", "[flags"));
  const line = good.split("\n").indexOf("[flags]") + 1;
  await page.locator("[data-banner=project]").waitFor();
  const text = (await texts(page, "[data-banner=project]"))[0];
  check("the error names its line", text.includes("Guild:" + line + ":"), text);
  check("the error shows the line and a caret", text.includes("[flags") && text.includes("^"), text);
  check("the run is still shown", (await texts(page, ".run-title h1"))[0] === "softmax");
  check("the fields stay", (await page.locator(".field").count()) === 5);
  writeFileSync(file, good);
  await page.locator("[data-banner=project]").waitFor({ state: "detached" });
  await page.locator(".field").nth(4).waitFor();
}
