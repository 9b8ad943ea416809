// page.mjs - the tutorial from "View training results" on, in a real browser, and what may go wrong while a page is open.
//
//     node page.mjs GUILD_PROGRAM OUTPUT_DIRECTORY CHROMIUM     (through run.sh)

import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";

const [program, output, browserPath] = process.argv.slice(2).map((part) => path.resolve(part));
const { chromium } = createRequire(path.join(output, "package.json"))("playwright-core");
const fixtures = path.join(import.meta.dirname || path.dirname(new URL(import.meta.url).pathname), "..", "fixtures");
const project = mkdtempSync(path.join(tmpdir(), "guild-browser-"));
const guildFile = path.join(project, "Guild");

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

const FIELDS = [["validation-accuracy", "tf/test/accuracy_1"], ["train-accuracy", "tf/train/accuracy_1"], ["loss", "tf/train/cross_entropy_1"],
  ["steps", "tf/train/cross_entropy_1"], ["time", "tf/train/cross_entropy_1"]]
  .map(([name, key]) => `\n[field "${name}"]\n\n  @attrs template "${name}-field"\n  source = series/${key}\n`).join("");

const SERIES = `
[series "accuracy"]

  @attrs template "accuracy-series"
  source = series/tf/.+/accuracy_1

[series "loss"]

  @attrs template "loss-series"
  source = series/tf/train/cross_entropy_1
`;

let passed = 0;
let failed = 0;

function check(what, condition, seen) {
  if (condition) {
    passed += 1;
  } else {
    failed += 1;
    console.log("FAILED: " + what + (seen === undefined ? "" : "; saw " + JSON.stringify(seen)));
  }
}

async function step(name, body) {
  try {
    await body();
  } catch (error) {
    failed += 1;
    console.log("FAILED: " + name + ": " + error.message.split("\n").slice(0, 6).join("\n  "));
  }
}

function guild(...words) {
  const done = spawnSync(program, words, { cwd: project, encoding: "utf8", timeout: 120000 });
  check("guild " + words.join(" ") + " ends well", done.status === 0, done.stderr);
}

async function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function startView(port) {
  const child = spawn(program, ["view", "--port", String(port), "--interval", "1"], { cwd: project, stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve, reject) => {
    child.stdout.once("data", resolve);
    child.once("exit", () => reject(new Error("guild view ended at once")));
  });
  return child;
}

function makeProject() {
  // The tutorial's edit: the script no longer deletes its log directory.
  const script = readFileSync(path.join(fixtures, "mnist_with_summaries.py"), "utf8")
    .replace(/ {2}if tf\.gfile\.Exists\(FLAGS\.log_dir\):\n {4}tf\.gfile\.DeleteRecursively\(FLAGS\.log_dir\)\n/, "");
  writeFileSync(path.join(project, "mnist_with_summaries.py"), script);
  writeFileSync(guildFile, BARE);
}

const texts = (page, selector) => page.locator(selector).allTextContents();
const shot = (page, name) => page.screenshot({ path: path.join(output, name + ".png"), fullPage: true });

/** Nothing is wider than the window, and no big number is cut. */
async function checkLayout(page, name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(name + ": the page is not wider than the window", wide <= 0, wide);
  const cut = await page.evaluate(() => [...document.querySelectorAll(".field-value, .tab, .pill")]
    .filter((element) => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline").map((element) => element.textContent));
  check(name + ": no number is cut", cut.length === 0, cut);
}

/** How many pixels of a chart are neither transparent nor grey: the lines. */
const colouredPixels = (page, chart) => page.locator(`[data-chart="${chart}"] canvas`).evaluate((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    const [r, g, b, a] = data.slice(i, i + 4);
    count += a > 200 && Math.max(r, g, b) - Math.min(r, g, b) > 60 ? 1 : 0;
  }
  return count;
});

async function tutorial(page, base) {
  await step("the completed run is shown", async () => {
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
  });
  await step("five fields after the edit", async () => {
    appendFileSync(guildFile, FIELDS);
    await page.reload();
    await page.locator(".field").nth(4).waitFor();
    await page.locator(".field-value", { hasText: "%" }).first().waitFor();
    const labels = await texts(page, ".field-label");
    check("five labels", labels.join() === "Validation Accuracy,Train Accuracy,Loss,Steps,Time", labels);
    const values = await texts(page, ".field-value");
    const forms = [/^\d+\.\d\d%$/, /^\d+\.\d\d%$/, /^\d\.\d{4}$/, /^\d+$/, /^\d:\d\d:\d\d$/];
    forms.forEach((form, i) => check("the form of " + labels[i], form.test(values[i]), values[i]));
  });
  await step("two charts after the edit", async () => {
    appendFileSync(guildFile, SERIES);
    await page.reload();
    await page.locator("[data-chart=accuracy] .legend-item").nth(1).waitFor();
    const titles = await texts(page, ".chart h3");
    check("the two charts come first", titles.slice(0, 2).join() === "Accuracy,Loss", titles);
    const keys = await page.locator("[data-chart=accuracy] .legend-item").evaluateAll((items) => items.map((item) => item.dataset.key));
    check("both accuracies in one chart", keys.join() === "tf/test/accuracy_1,tf/train/accuracy_1", keys);
    check("one line of loss", (await page.locator("[data-chart=loss] .legend-item").count()) === 1);
    const both = await colouredPixels(page, "accuracy");
    check("lines are drawn", both > 200, both);
    await page.locator("[data-chart=accuracy] .legend-item").first().click();
    const one = await colouredPixels(page, "accuracy");
    check("a click in the legend hides a line", one > 50 && one < both, [both, one]);
    await page.locator("[data-chart=accuracy] .legend-item").first().click();
    const extra = titles.slice(2);
    check("then the extra charts", extra.includes("Process Memory"), titles);
  });
}

async function interaction(page) {
  await step("crosshair, zoom, axis", async () => {
    const canvas = page.locator("[data-chart=accuracy] canvas");
    await canvas.scrollIntoViewIfNeeded();
    const box = await canvas.boundingBox();
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2);
    await page.locator("[data-chart=accuracy] .tip-row").nth(1).waitFor();
    check("the tooltip names a step", /^Step \d+/.test((await texts(page, "[data-chart=accuracy] .tip-head b"))[0]));
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + box.height / 2, { steps: 4 });
    await page.mouse.up();
    const reset = page.locator("[data-chart=accuracy] button", { hasText: "Reset zoom" });
    await reset.waitFor();
    await reset.click();
    check("zoom is reset", await reset.isHidden());
    await page.locator("select[aria-label='Horizontal axis']").selectOption("relative");
    await page.locator("input[aria-label=Smoothing]").fill("0.9");
    check("lines stay with another axis", (await colouredPixels(page, "accuracy")) > 100);
    await page.locator("input[aria-label=Smoothing]").fill("0");
    await page.locator("select[aria-label='Horizontal axis']").selectOption("step");
  });
  await step("output filter", async () => {
    await page.locator("[aria-label='Filter output']").fill("step 150");
    const lines = await texts(page, ".output-body .line");
    check("the filter leaves one line", lines.length === 1 && lines[0].startsWith("Accuracy at step 150"), lines);
    await page.locator("[aria-label='Filter output']").fill("");
  });
  await step("a series of the statistics becomes a chart", async () => {
    await page.locator(".stats button", { hasText: "sys/mem/used" }).first().click();
    await page.locator("[data-chart='sys/mem/used'] .legend-item").waitFor();
    await page.locator(".stats button", { hasText: "sys/mem/used" }).first().click();
    check("and goes again", (await page.locator("[data-chart='sys/mem/used']").count()) === 0);
  });
}

async function pictures(browser, base) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [width, height] of [[360, 780], [1280, 900], [2560, 1400]]) {
      await step(colorScheme + " " + width, async () => {
        const page = await browser.newPage({ colorScheme, viewport: { width, height } });
        await page.goto(base + "/");
        await page.locator("[data-chart=loss] .legend-item").waitFor();
        await page.locator(".output-body .line").first().waitFor();
        await checkLayout(page, colorScheme + " " + width);
        await shot(page, "run-" + width + "-" + colorScheme);
        await page.goto(base + "/runs");
        await page.locator(".runs tbody tr[data-run]").first().waitFor();
        await checkLayout(page, "runs " + colorScheme + " " + width);
        await shot(page, "runs-" + width + "-" + colorScheme);
        await page.close();
      });
    }
  }
}

async function trouble(page, base) {
  await step("a broken project file", async () => {
    const good = readFileSync(guildFile, "utf8");
    writeFileSync(guildFile, good.replace("[flags]", "[flags"));
    const line = good.split("\n").indexOf("[flags]") + 1;
    await page.locator("[data-banner=project]").waitFor();
    const text = (await texts(page, "[data-banner=project]"))[0];
    check("the error names its line", text.includes("Guild:" + line + ":"), text);
    check("the error shows the line and a caret", text.includes("[flags") && text.includes("^"), text);
    check("the run is still shown", (await texts(page, ".run-title h1"))[0] === "softmax");
    check("the fields stay", (await page.locator(".field").count()) === 5);
    await page.evaluate(() => scrollTo(0, 0));
    await shot(page, "broken-project");
    writeFileSync(guildFile, good);
    await page.locator("[data-banner=project]").waitFor({ state: "detached" });
    await page.locator(".field").nth(4).waitFor();
  });
  await step("a live run grows, and is found by itself", async () => {
    await page.goto(base + "/");
    await page.locator(".run-title .pill").waitFor();
    const child = spawn(program, ["run", "--", "sh", "-c", "for i in 1 2 3 4 5 6; do echo line $i; sleep 1; done"], { cwd: project, stdio: "ignore" });
    await page.locator(".run-title .pill[data-status=running]").waitFor({ timeout: 10000 });
    await page.locator(".output-body .line", { hasText: "line 2" }).waitFor({ timeout: 10000 });
    await new Promise((resolve) => child.once("exit", resolve));
    await page.locator(".run-title .pill[data-status=completed]").waitFor({ timeout: 10000 });
    check("its last line", (await texts(page, ".output-body .line")).at(-1) === "line 6");
    const values = await texts(page, ".field-value");
    check("fields without data show dashes", values.length === 5 && values.every((value) => value === "--"), values);
  });
  await step("a run that is deleted while it is shown", async () => {
    const runs = readdirSync(path.join(project, "runs")).filter((name) => !name.startsWith("."));
    const first = runs.sort()[0];
    await page.goto(base + "/runs/" + first);
    await page.locator(".output-body .line").first().waitFor();
    rmSync(path.join(project, "runs", first), { recursive: true });
    await page.locator("[data-banner=deleted]").waitFor();
    check("what was read stays", (await page.locator(".output-body .line").count()) > 0);
    await page.locator("[data-banner=deleted] a").click();
    await page.locator(".runs tbody tr[data-run]").first().waitFor();
    check("the page lives on", (await page.locator(".runs tbody tr[data-run]").count()) === runs.length - 1);
  });
}

async function main() {
  makeProject();
  guild("train");
  const port = await freePort();
  const base = "http://localhost:" + port;
  const view = await startView(port);
  const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox", "--disable-gpu", "--disable-quic"] });
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("404")) {
      complaints.push(message.text());
    }
  });
  page.on("request", (request) => check("nothing is fetched from elsewhere", request.url().startsWith(base), request.url()));
  page.setDefaultTimeout(15000);
  await tutorial(page, base);
  await interaction(page);
  await pictures(browser, base);
  await trouble(page, base);
  check("no script error and no policy violation", complaints.length === 0, complaints);
  await browser.close();
  view.kill("SIGINT");
  const status = await new Promise((resolve) => view.once("exit", resolve));
  check("guild view ends well on Ctrl-C", status === 0, status);
}

try {
  await main();
} catch (error) {
  failed += 1;
  console.log("FAILED: " + error.stack);
}
rmSync(project, { recursive: true, force: true });
console.log(passed + " passed, " + failed + " failed");
process.exit(failed === 0 ? 0 : 1);
