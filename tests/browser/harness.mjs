// harness.mjs - what the browser tests share: checks that are counted, guild's program, servers, pages, pictures.

import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, linkSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";

const [program, output, browserPath] = process.argv.slice(2).map((part) => path.resolve(part));
const { chromium } = createRequire(path.join(output, "package.json"))("playwright-core");
const fixtures = path.join(path.dirname(new URL(import.meta.url).pathname), "..", "fixtures");
const sources = path.join(fixtures, "../../include/guild/viewer/page");
const WAIT_MS = 60000;
const counts = { passed: 0, failed: 0 };
const children = new Set();
const folders = [];

export const widths = [
  [360, 780],
  [1280, 900],
  [2560, 1400],
];

export function check(what, condition, seen) {
  counts[condition ? "passed" : "failed"] += 1;
  if (!condition) {
    console.log("FAILED: " + what + (seen === undefined ? "" : "; saw " + JSON.stringify(seen)));
  }
}

export async function step(name, body) {
  try {
    await body();
  } catch (error) {
    counts.failed += 1;
    console.log("FAILED: " + name + ": " + error.message.split("\n").slice(0, 6).join("\n  "));
  }
}

/** Waits until `probe` gives something true; else the last thing it gave is a failure. */
export async function eventually(what, probe) {
  const end = Date.now() + WAIT_MS;
  let seen = await probe();
  while (!seen && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    seen = await probe();
  }
  check(what, Boolean(seen));
}

// ---- projects -------------------------------------------------------------------

export function makeFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), "guild-browser-"));
  folders.push(folder);
  return folder;
}

/** The tutorial's script after its edit: it no longer deletes its log directory. */
export function copyScript(folder) {
  const script = readFileSync(path.join(fixtures, "mnist_with_summaries.py"), "utf8").replace(
    / {2}if tf\.gfile\.Exists\(FLAGS\.log_dir\):\n {4}tf\.gfile\.DeleteRecursively\(FLAGS\.log_dir\)\n/,
    "",
  );
  writeFileSync(path.join(folder, "mnist_with_summaries.py"), script);
}

export function guild(folder, ...words) {
  const done = spawnSync(program, words, { cwd: folder, encoding: "utf8", timeout: 300000 });
  check("guild " + words.join(" ") + " ends well", done.status === 0, done.stderr);
}

/** Starts guild beside the test; the test waits for its end itself. */
export function startGuild(folder, ...words) {
  const child = spawn(program, words, { cwd: folder, stdio: "ignore" });
  children.add(child);
  return new Promise((resolve) =>
    child.once("exit", () => {
      children.delete(child);
      resolve();
    }),
  );
}

/** A small program that the tests build beside guild. */
export const childProgram = (name) => path.join(path.dirname(program), "child_" + name);

export function runsOf(folder) {
  return readdirSync(path.join(folder, "runs"))
    .filter((name) => !name.startsWith("."))
    .sort();
}

/** Copies of a finished run with other flags and times, made without training: [{name, flags, exit}] from `start` in seconds on. */
export function copyRuns(folder, from, count, flagsOf) {
  const source = path.join(from, "guild.d");
  const meta = readFileSync(path.join(source, "meta.tsv"), "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split("\t"));
  const series = readdirSync(path.join(source, "series")).filter((name) => name.endsWith(".gts"));
  for (let i = 0; i < count; i += 1) {
    const start = 1700000000 + i * 600;
    const { flags, exit } = flagsOf(i);
    const name = new Date(start * 1000).toISOString().replace(/[-:]|\.\d+/g, "") + "-copy";
    const made = path.join(folder, "runs", name, "guild.d");
    mkdirSync(path.join(made, "series"), { recursive: true });
    const changes = {
      started_us: start + "000000",
      stopped_us: start + 60 + (i % 500) + "000000",
      exit_code: String(exit || 0),
      status: exit ? "error" : "completed",
      model: "copy",
    };
    writeFileSync(path.join(made, "meta.tsv"), meta.map(([key, value]) => key + "\t" + (changes[key] ?? value) + "\n").join(""));
    writeFileSync(
      path.join(made, "flags.tsv"),
      Object.entries(flags)
        .map(([key, value]) => key + "\t" + value + "\n")
        .join(""),
    );
    copyFileSync(path.join(source, "attrs.tsv"), path.join(made, "attrs.tsv"));
    series.forEach((file) => linkSync(path.join(source, "series", file), path.join(made, "series", file)));
  }
}

// ---- servers and pages ------------------------------------------------------------

async function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** guild view of a folder: {base, stop()}; stop() checks that Ctrl-C ends it well. */
export async function startView(folder) {
  const port = await freePort();
  const child = spawn(program, ["view", "--port", String(port), "--interval", "1"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  children.add(child);
  await new Promise((resolve, reject) => {
    child.stdout.once("data", resolve);
    child.once("exit", () => reject(new Error("guild view ended at once")));
  });
  const stop = async () => {
    child.kill("SIGINT");
    const status = await new Promise((resolve) => child.once("exit", resolve));
    children.delete(child);
    check("guild view ends well on Ctrl-C", status === 0, status);
  };
  return { base: "http://localhost:" + port, stop };
}

export const launch = () => chromium.launch({ executablePath: browserPath, args: ["--no-sandbox", "--disable-gpu", "--disable-quic"] });

/** A page that reports script errors, violated policies and requests to elsewhere as failures. */
export async function openPage(browser, base, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  page.setDefaultTimeout(WAIT_MS);
  page.on("pageerror", (error) => check("no script error", false, String(error.stack || error)));
  page.on("console", (message) => {
    const isBad = message.type() === "error" && !/40[04] \(/.test(message.text());
    check("nothing on the console", !isBad, isBad ? message.text() : undefined);
  });
  page.on("request", (request) =>
    check("nothing is fetched from elsewhere", /^(data|blob):/.test(request.url()) || request.url().startsWith(base), request.url()),
  );
  return page;
}

/** Lets a page load single sources of the page, which it is not made of any more: /source/NAME.js. */
export const serveSources = (page) =>
  page.route("**/source/*.js", (route) => {
    const name = new URL(route.request().url()).pathname.split("/").at(-1);
    return route.fulfill({ path: path.join(sources, name), contentType: "text/javascript" });
  });

export const texts = (page, selector) => page.locator(selector).allTextContents();

export async function picture(page, name, fullPage = true) {
  await page.screenshot({ path: path.join(output, name + ".png"), fullPage });
}

/** Nothing is wider than the window, and no big number or button is cut. */
export async function checkLayout(page, name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(name + ": the page is not wider than the window", wide <= 0, wide);
  const cut = await page.evaluate(() =>
    [...document.querySelectorAll(".field-value, .tab, .pill, .quiet, .card-head h3")]
      .filter(
        (element) =>
          element.scrollWidth > element.clientWidth + 1 &&
          getComputedStyle(element).display !== "inline" &&
          getComputedStyle(element).textOverflow !== "ellipsis",
      )
      .map((element) => element.textContent),
  );
  check(name + ": nothing is cut", cut.length === 0, cut);
}

/** How many pixels of a chart (of its part from `top` to `bottom`, 0 to 1) are neither transparent nor grey: the lines. */
export const colouredPixels = (page, chart, top = 0, bottom = 1) =>
  page.locator(`[data-chart="${chart}"] canvas`).evaluate(
    (canvas, [from, to]) => {
      const y = Math.round(canvas.height * from);
      const { data } = canvas.getContext("2d").getImageData(0, y, canvas.width, Math.max(1, Math.round(canvas.height * to) - y));
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        const [r, g, b, a] = data.slice(i, i + 4);
        count += a > 150 && Math.max(r, g, b) - Math.min(r, g, b) > 60 ? 1 : 0;
      }
      return count;
    },
    [top, bottom],
  );

/** Drags over a chart; places are parts of its width and height. */
export async function drag(page, chart, [x0, y0], [x1, y1], key) {
  const canvas = page.locator(`[data-chart="${chart}"] canvas`);
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  if (key) {
    await page.keyboard.down(key);
  }
  await page.mouse.move(box.x + box.width * x0, box.y + box.height * y0);
  await page.mouse.down();
  await page.mouse.move(box.x + (box.width * (x0 + x1)) / 2, box.y + (box.height * (y0 + y1)) / 2);
  await page.mouse.move(box.x + box.width * x1, box.y + box.height * y1);
  await page.mouse.up();
  if (key) {
    await page.keyboard.up(key);
  }
}

/** The query value of the address. */
export const inAddress = (page, name) => new URL(page.url()).searchParams.get(name);

/** Ends what was started, removes what was made, tells and exits. */
export function finish() {
  children.forEach((child) => child.kill("SIGKILL"));
  folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
  console.log(counts.passed + " passed, " + counts.failed + " failed");
  process.exit(counts.failed === 0 ? 0 : 1);
}

export function failed(error) {
  counts.failed += 1;
  console.log("FAILED: " + error.stack);
}
