// chart_source.js - where the lines of a chart come from: one run, or several ones side by side.

import { api } from "./api.js";
import { shortNames } from "./series_names.js";

const mapped = new WeakMap();

/** Series of an answer in the form of chart_data.js; of an unchanged answer the same ones. */
function seriesOf(answer, run) {
  let out = mapped.get(answer);
  if (!out) {
    out = answer.series.map((one) => ({
      id: one.key,
      run,
      key: one.key,
      count: one.count,
      reduced: one.is_reduced,
      nan: one.nan,
      inf: one.inf,
      start: answer.origin_us || 0,
      steps: one.steps,
      times: one.times,
      values: one.values,
    }));
    mapped.set(answer, out);
  }
  return out;
}

/** A chart's load function for one run. */
export function oneRun(id, pattern, signal) {
  return async (query, columns) => seriesOf(await api.data(id, { pattern, ...query, columns }, signal), id);
}

/** A chart's load function for several runs: runs() gives [{id, name, color}], first one first. shape.change(series) may make other
 *  lines of them, while shape.name() says how. */
export function manyRuns(runs, pattern, signal, shape) {
  let last = [];
  let made = null;
  return async (query, columns) => {
    const list = runs();
    const answers = await Promise.all(list.map((run) => api.data(run.id, { pattern, ...query, columns }, signal).catch(missing)));
    const stamp = [...answers, JSON.stringify(list), shape.name()];
    if (!made || stamp.length !== last.length || stamp.some((each, i) => each !== last[i])) {
      last = stamp;
      made = shape.change(combine(list, answers));
    }
    return made;
  };
}

const nothing = { series: [], origin_us: 0 };

function missing(error) {
  if (error.status === 404) {
    return nothing; // deleted in the meantime
  }
  throw error;
}

/** Lines of one run have one colour; its second and third key are dashed. */
function combine(runs, answers) {
  const dashes = [[], [6, 3], [2, 3], [8, 3, 2, 3]];
  const keys = [...new Set(answers.flatMap((answer) => answer.series.map((one) => one.key)))];
  const shorts = shortNames(keys);
  return answers.flatMap((answer, i) =>
    seriesOf(answer, runs[i].id).map((one) => ({
      ...one,
      id: runs[i].id + " " + one.key,
      color: runs[i].color,
      name: runs[i].name + (keys.length > 1 ? " " + shorts[keys.indexOf(one.key)] : ""),
      dash: dashes[keys.indexOf(one.key) % dashes.length],
      wide: runs[i].wide,
    })),
  );
}
