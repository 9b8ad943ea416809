// page.mjs - the page in a real browser: the tutorial, live runs, charts, output, ten thousand runs, comparison, keyboard,
// screen readers, pictures.
//
//     node page.mjs GUILD_PROGRAM OUTPUT_DIRECTORY CHROMIUM [PART...]     (through run.sh)

import { access } from "./access.mjs";
import { charts } from "./charts.mjs";
import { compare } from "./compare.mjs";
import { failed, finish, guild, launch, openPage, startView } from "./harness.mjs";
import { keyboard } from "./keyboard.mjs";
import { live } from "./live.mjs";
import { output } from "./output.mjs";
import { pictures } from "./pictures.mjs";
import { runs } from "./runs.mjs";
import { makeProject, makeWholeProject, tutorial } from "./tutorial.mjs";

const wanted = process.argv.slice(5);
const isWanted = (part) => wanted.length === 0 || wanted.includes(part);

async function inTutorial(browser) {
  const folder = makeProject();
  const view = await startView(folder);
  const page = await openPage(browser, view.base);
  await tutorial(page, view.base, folder);
  await live(browser, page, view.base, folder);
  await page.close();
  await view.stop();
}

async function inProject(browser) {
  const folder = makeWholeProject();
  guild(folder, "train", "-F", "max_steps=120");
  guild(folder, "train", "-F", "max_steps=300");
  if (["access", "keyboard", "pictures"].some(isWanted)) {
    await onProject(browser, folder);
  }
  if (isWanted("runs")) {
    await runs(browser, folder);
  }
}

async function onProject(browser, folder) {
  const view = await startView(folder);
  if (isWanted("keyboard")) {
    await keyboard(browser, view.base);
  }
  if (isWanted("access")) {
    await access(browser, view.base, folder);
  }
  if (isWanted("pictures")) {
    await pictures(browser, view.base, folder);
  }
  await view.stop();
}

async function main() {
  const browser = await launch();
  if (isWanted("tutorial")) {
    await inTutorial(browser);
  }
  if (isWanted("charts")) {
    await charts(browser);
  }
  if (isWanted("compare")) {
    await compare(browser);
  }
  if (isWanted("output")) {
    await output(browser);
  }
  if (["access", "keyboard", "pictures", "runs"].some(isWanted)) {
    await inProject(browser);
  }
  await browser.close();
}

try {
  await main();
} catch (error) {
  failed(error);
}
finish();
