// output.mjs - output that is far more than the page loads: search in all of it, windows, the way back to the end.

import { check, checkLayout, eventually, makeFolder, openPage, picture, startGuild, startView, step, texts } from "./harness.mjs";

const LINES = 150000; // some 9 MB, of which the page reads the last 256 KB
const SCRIPT = `
import sys
for i in range(${LINES}):
    if i in (1200, 70000, ${LINES - 5}):
        print("a Needle at line %d" % i)
    print("line %06d of some length, as programs print them all day" % i)
print("the end", file=sys.stderr)
`;

const line = ".output-body .line";

async function search(page, base) {
  await page.goto(base + "/");
  await page.locator(line, { hasText: "line " + (LINES - 1) }).waitFor();
  await page.locator("[aria-label='Search output']").fill("needle");
  check("what is loaded is found at once", (await page.locator(line + " mark").count()) === 1);
  await page.locator(".far-line").nth(1).waitFor();
  await eventually("the server finds the others", async () => /^2 matches/.test((await texts(page, ".far .dim"))[0]));
  check("in their lines", (await texts(page, ".far-line")).join() === "a Needle at line 1200,a Needle at line 70000");
  await checkLayout(page, "far matches");
  await page.locator(".output").scrollIntoViewIfNeeded();
  await picture(page, "output-far", false);
}

async function windows(page) {
  await page.locator(".far-line").nth(1).click();
  await page.locator(line + ".target", { hasText: "line 70000" }).waitFor();
  await page.locator(line, { hasText: "line 069990" }).waitFor();
  check("lines behind it too", (await page.locator(line, { hasText: "line 070010" }).count()) === 1);
  check("it does not follow", !(await page.getByLabel("Follow").isChecked()));
  await eventually("now the end is far", async () => (await texts(page, ".far-line")).join().includes("line " + (LINES - 5)));
  const first = async () => Number((await page.locator(line, { hasText: /^line / }).first().textContent()).slice(5, 11));
  const before = await first();
  await page.locator(".output-body button", { hasText: "earlier" }).click();
  await eventually("earlier lines", async () => (await first()) < before - 1000);
  await page.locator(".output-body button", { hasText: "later" }).click();
  await eventually("later lines", async () => (await first()) >= before - 4000);
  await page.getByLabel("Follow").check();
  await page.locator(line, { hasText: "the end" }).waitFor();
  check("the end has no later lines", await page.locator(".output-body button", { hasText: "later" }).isHidden());
  await page.locator("[aria-label=Stream]").selectOption("err");
  check("one stream of it", (await texts(page, line)).join() === "the end", await texts(page, line));
  await eventually("nothing far on this stream", async () => /^0 matches/.test((await texts(page, ".far .dim"))[0]));
}

export async function output(browser) {
  const folder = makeFolder();
  await startGuild(folder, "run", "--", "python3", "-c", SCRIPT);
  const view = await startView(folder);
  const page = await openPage(browser, view.base);
  await step("search in output that is not loaded", () => search(page, view.base));
  await step("windows of output", () => windows(page));
  await page.close();
  await view.stop();
}
