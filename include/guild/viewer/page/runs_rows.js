// runs_rows.js - which rows a table of runs shows, in which order: text filter, failed ones, sorting, groups. Pure.

import { compareKeys } from "./run_columns.js";
import { isFailed, titleOf } from "./status.js";

const spoken = new WeakMap();

/** All that a run says about itself, in small letters; made once for each. */
function wordsOf(run) {
  if (!spoken.has(run)) {
    const flags = Object.entries(run.flags).map(([name, value]) => name + "=" + value);
    spoken.set(run, [titleOf(run), run.name, run.id, run.status, ...run.tags, ...flags].join("\n").toLowerCase());
  }
  return spoken.get(run);
}

/** Whether all words stand in what the row says; "name=value" looks at one flag. */
export function matches(run, words) {
  return words.every((word) => wordsOf(run).includes(word));
}

/** options: {text, hideFailed, by: column, down, pinned: ids, group: column or null, closed: values}; gives runs and group heads. */
export function arrangeRows(runs, options) {
  const words = options.text.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = runs.filter((run) => matches(run, words) && !(options.hideFailed && isFailed(run)));
  const sign = options.down ? -1 : 1;
  const keys = new Map(shown.map((run) => [run, options.by.key(run)]));
  shown.sort((a, b) => sign * compareKeys(keys.get(a), keys.get(b)) || (a.id < b.id ? 1 : -1));
  const pins = new Set(options.pinned);
  const ordered = pins.size ? [...shown.filter((run) => pins.has(run.id)), ...shown.filter((run) => !pins.has(run.id))] : shown;
  return { count: shown.length, rows: options.group ? grouped(ordered, options) : ordered };
}

function grouped(runs, { group, closed }) {
  const parts = new Map();
  for (const run of runs) {
    const value = group.text(run);
    parts.set(value, parts.get(value) || []);
    parts.get(value).push(run);
  }
  return [...parts.keys()].flatMap((value) => {
    const isClosed = closed.includes(value);
    return [{ group: group.title, value, runs: parts.get(value), isClosed }, ...(isClosed ? [] : parts.get(value))];
  });
}
