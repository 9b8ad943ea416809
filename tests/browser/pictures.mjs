// pictures.mjs - every page in light and dark, narrow, usual and very wide; nothing is wider than the window or cut.

import { check, checkLayout, openPage, picture, runsOf, step, widths } from "./harness.mjs";

async function pictureOf(page, base, address, sign, name) {
  await page.goto(base + address);
  await page.locator(sign).first().waitFor();
  await page.evaluate(async () => {
    for (const chart of document.querySelectorAll(".chart")) {
      chart.scrollIntoView(); // charts load when they come into sight
      await new Promise((resolve) => setTimeout(resolve, 120));
    }
    scrollTo(0, 0);
  });
  await page.waitForTimeout(500);
  await checkLayout(page, name);
  const sideways = await page.evaluate(() => {
    const box = document.querySelector(".virtual-box");
    return box && innerWidth >= 1280 ? box.scrollWidth - box.clientWidth : 0;
  });
  check(name + ": the tutorial's columns need no scrolling sideways", sideways <= 0, sideways);
  await picture(page, name);
}

export async function pictures(browser, base, folder) {
  const ids = runsOf(folder)
    .filter((id) => id.includes("softmax"))
    .map(encodeURIComponent)
    .join(",");
  const pages = [
    ["run", "/", "[data-chart=accuracy] .legend-item"],
    ["runs", "/runs", ".virtual tbody tr[data-run]"],
    ["compare", "/compare?runs=" + ids, "[data-chart=loss] .legend-item"],
  ];
  for (const colorScheme of ["light", "dark"]) {
    for (const [width, height] of widths) {
      const page = await openPage(browser, base, { colorScheme, viewport: { width, height } });
      for (const [name, address, sign] of pages) {
        await step(name + " " + colorScheme + " " + width, () =>
          pictureOf(page, base, address, sign, name + "-" + width + "-" + colorScheme),
        );
      }
      await page.close();
    }
  }
}
