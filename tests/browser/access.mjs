// access.mjs - for people who do not see the page or use no pointer: names, roles, tables behind pictures, focus, contrast.

import { check, eventually, openPage, runsOf, serveSources, step, texts } from "./harness.mjs";

/** In the page: what can be used and has no name, or asks for a place of its own in the order of the focus. */
function unnamed() {
  const nameOf = (element) =>
    [
      element.getAttribute("aria-label"),
      element.labels && element.labels.length ? element.labels[0].textContent : "",
      element.textContent,
      element.title,
      [...element.querySelectorAll("img")].map((image) => image.alt).join(""),
    ].find((text) => text && text.trim());
  return [...document.querySelectorAll("a[href], button, input, select, canvas, [tabindex]")]
    .filter((element) => element.getClientRects().length > 0)
    .filter((element) => !nameOf(element) || element.tabIndex > 0)
    .map((element) => element.outerHTML.slice(0, 120));
}

/** In the page: the contrast of texts with what is behind them, where it is below 4.5, or 3 for large letters. */
function faint() {
  const parse = (color) => {
    const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
    const size = color.startsWith("color(") ? 255 : 1; // color(srgb 0 0 1)
    return [r * size, g * size, b * size, a];
  };
  const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
  const behind = (element) =>
    element ? over(parse(getComputedStyle(element).backgroundColor), behind(element.parentElement)) : [255, 255, 255, 1];
  const light = (color) =>
    color
      .slice(0, 3)
      .map((part) => part / 255)
      .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
      .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const out = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() && element.getClientRects().length > 0 && !element.closest("canvas, option, svg, .unseen, .off, [hidden]")) {
      const back = behind(element);
      const [a, b] = [light(over(parse(getComputedStyle(element).color), back)), light(back)].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      const isLarge = parseFloat(getComputedStyle(element).fontSize) >= 18.5 && getComputedStyle(element).fontWeight >= 600;
      if (ratio < (isLarge ? 3 : 4.5)) {
        out.add(element.className + " " + walker.currentNode.data.slice(0, 20) + " " + ratio.toFixed(2));
      }
    }
  }
  return [...out];
}

async function everywhere(browser, base, pages) {
  for (const colorScheme of ["light", "dark"]) {
    const page = await openPage(browser, base, { colorScheme });
    for (const [address, sign] of pages) {
      await page.goto(base + address);
      await page.locator(sign).first().waitFor();
      const [bad, pale] = [await page.evaluate(unnamed), await page.evaluate(faint)];
      check(address.slice(0, 20) + ": all that can be used has a name", bad.length === 0, bad);
      check(address.slice(0, 20) + " " + colorScheme + ": every text can be read", pale.length === 0, pale);
    }
    await page.close();
  }
}

async function roles(page, base, compare) {
  await page.goto(base + "/");
  await page.locator("[data-chart=loss] .legend-item").waitFor();
  for (const [role, name] of [
    ["navigation", "Pages"],
    ["navigation", "Runs"],
    ["toolbar", "Charts"],
    ["log", "Output of the run"],
    ["complementary", "Details"],
    ["img", /^Loss chart\. tf\/train\/cross_entropy_1: \d+ points, last/],
  ]) {
    check("a part that is read as " + role, (await page.getByRole(role, { name }).count()) >= 1, String(name));
  }
  check("one main part", (await page.getByRole("main").count()) === 1);
  const behind = await texts(page, "[data-chart=loss] canvas table th, [data-chart=loss] canvas table td");
  check("a table is behind the picture", behind.includes("Smallest") && behind.includes("tf/train/cross_entropy_1"), behind);
  await page.goto(base + "/runs");
  await page.locator(".virtual tbody tr[data-run]").first().waitFor();
  check("a grid of runs", (await page.getByRole("grid", { name: "Runs" }).getAttribute("aria-rowcount")) === "4");
  check("a sorted column", (await page.locator("th[aria-sort]").count()) === 1);
  await page.goto(base + compare);
  await page.getByRole("tab", { name: "Charts" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("tabpanel", { name: "Scatter" }).waitFor();
  check("the tab that is shown says so", (await page.getByRole("tab", { selected: true }).textContent()) === "Scatter");
}

/** Tab goes through the parts as they stand in the document, and each place is seen. */
async function focus(page, base) {
  await page.goto(base + "/");
  await page.locator("[data-chart=loss] .legend-item").waitFor();
  const seen = [];
  for (let i = 0; i < 90; i += 1) {
    await page.keyboard.press("Tab");
    seen.push(
      await page.evaluate(() => {
        const element = document.activeElement;
        const part = [".top", ".rail", ".run-head", ".chart-bar", ".chart", ".folder", ".output", ".sidebar", ".tail"].findIndex((name) =>
          element.closest(name),
        );
        return { part, isMarked: getComputedStyle(element).outlineStyle !== "none", what: element.outerHTML.slice(0, 80) };
      }),
    );
  }
  const end = seen.findIndex((each, i) => i > 0 && each.part < 0);
  const walk = end < 0 ? seen : seen.slice(0, end);
  check("every place is marked", walk.every((each) => each.isMarked), walk.filter((each) => !each.isMarked)[0]);
  check("in the order of the page", walk.every((each, i) => i === 0 || each.part >= walk[i - 1].part), walk.map((each) => each.part).join(""));
  for (const part of [0, 1, 3, 4, 6, 8]) {
    check("Tab comes to part " + part, walk.some((each) => each.part === part));
  }
}

/** `?` names every key that a chart listens to. */
async function keys(page, base) {
  await serveSources(page);
  await page.goto(base + "/");
  const { listed, used } = await page.evaluate(async () => {
    const input = await import("/source/chart_input.js");
    return { listed: input.CHART_KEYS.map(([key]) => key).join(" "), used: Object.keys(input.actions({})) };
  });
  const names = { "=": "+", "-": "\u2212", Escape: "Esc", Z: "Shift+z" };
  check("keys of charts are listed", used.every((key) => listed.includes(names[key] || key)), [listed, used]);
}

export async function access(browser, base, folder) {
  const compare = "/compare?runs=" + runsOf(folder).map(encodeURIComponent).join(",");
  const page = await openPage(browser, base);
  await step("names and contrast", () =>
    everywhere(browser, base, [
      ["/", "[data-chart=loss] .legend-item"],
      ["/runs", ".virtual tbody tr[data-run]"],
      [compare, "[data-chart=loss] .legend-item"],
      [compare + "&tab=scatter", ".point"],
      [compare + "&tab=diff", ".diff-pairs"],
    ]),
  );
  await step("roles", () => roles(page, base, compare));
  await step("focus", () => focus(page, base));
  await step("the list of keys", () => keys(page, base));
  await eventually("nothing is left open", async () => (await page.locator("dialog").count()) === 0);
  await page.close();
}
