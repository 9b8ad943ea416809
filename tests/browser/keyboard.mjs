// keyboard.mjs - everything without a mouse: pages, rows, choice, comparison, charts, the list of keys.

import { check, eventually, inAddress, openPage, picture, step, texts } from "./harness.mjs";

async function help(page) {
  await page.keyboard.press("?");
  await page.locator("dialog.help").waitFor();
  const text = (await texts(page, "dialog.help"))[0];
  check(
    "the list has every part",
    ["Everywhere", "Charts", "Output", "A chart that has the focus"].every((part) => text.includes(part)),
    text,
  );
  await picture(page, "help", false);
  await page.keyboard.press("Escape");
  await page.locator("dialog.help").waitFor({ state: "detached" });
}

async function chart(page) {
  await page.keyboard.press("c");
  check("c goes to a chart", await page.evaluate(() => document.activeElement.classList.contains("chart-canvas")));
  await page.keyboard.press("ArrowLeft");
  await page.locator(".chart .tip-row").first().waitFor();
  await page.keyboard.press("+");
  await eventually("plus zooms", () => inAddress(page, "zoom"));
  await page.keyboard.press("Shift+ArrowUp");
  await eventually("Shift and an arrow zoom vertically", () => /zoom=y:/.test(decodeURIComponent(page.url())));
  await page.keyboard.press("0");
  await eventually("0 shows everything", () => !inAddress(page, "zoom"));
  await page.keyboard.press("f");
  await page.locator(".chart.full").waitFor();
  await picture(page, "full-screen", false);
  await page.keyboard.press("Escape");
  await page.locator(".chart.full").waitFor({ state: "detached" });
}

async function table(page) {
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  await page.locator(".virtual tbody tr[data-run]").nth(1).waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  check("two runs are chosen", (await texts(page, ".tray b"))[0] === "2 runs", await texts(page, ".tray"));
  check("the focus stays in the row", await page.evaluate(() => document.activeElement.tagName === "TR"));
  await page.keyboard.press("b");
  check("a baseline", Boolean(inAddress(page, "base")));
  await page.keyboard.press("/");
  await page.keyboard.type("no such run");
  await page.locator(".virtual .empty").waitFor();
  await page.locator("[aria-label='Filter runs']").fill("");
  await page.keyboard.press("Escape");
  await page.keyboard.press("c");
  await page.locator(".compare tbody tr").nth(1).waitFor();
  await page.keyboard.press("4");
  await page.locator(".diff-pairs").first().waitFor();
  await page.keyboard.press("r");
  await page.locator(".virtual tbody tr.chosen").nth(1).waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.locator(".run-title h1").waitFor();
  await page.keyboard.press("t");
  check("t changes the theme", (await page.evaluate(() => document.documentElement.dataset.theme)) === "dark");
}

export async function keyboard(browser, base) {
  const page = await openPage(browser, base);
  await page.goto(base + "/");
  await page.locator("[data-chart=loss] .legend-item").waitFor();
  await step("the list of keys", () => help(page));
  await step("a chart by keys", () => chart(page));
  await step("runs and comparison by keys", () => table(page));
  await page.close();
}
