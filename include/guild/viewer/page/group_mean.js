// group_mean.js - runs of one group as one line: their mean over common steps, with a band from smallest to largest. Pure.

import { lowerBound } from "./scale.js";

const POINTS = 500;

/** series: chart_data.js; groupOf(run id) -> {name, color}. One line for each group and key. */
export function groupMeans(series, groupOf) {
  const parts = new Map();
  for (const one of series) {
    const group = groupOf(one.run);
    const id = group.name + " " + one.key;
    parts.set(id, parts.get(id) || { group, key: one.key, members: [] });
    parts.get(id).members.push(one);
  }
  const keys = new Set(series.map((one) => one.key));
  return [...parts.entries()].map(([id, { group, key, members }]) => ({
    ...meanOf(members),
    id,
    run: id,
    key,
    color: group.color,
    dash: members[0].dash,
    name: group.name + (keys.size > 1 ? " " + key : "") + " (" + members.length + ")",
  }));
}

function meanOf(members) {
  const grid = commonSteps(members);
  const values = new Float64Array(grid.length);
  const low = new Float64Array(grid.length);
  const high = new Float64Array(grid.length);
  const times = new Float64Array(grid.length);
  grid.forEach((step, i) => {
    const there = members.map((one) => at(one, step, one.values)).filter(Number.isFinite);
    values[i] = there.length ? there.reduce((a, b) => a + b, 0) / there.length : NaN;
    low[i] = there.length ? Math.min(...there) : NaN;
    high[i] = there.length ? Math.max(...there) : NaN;
    const seen = members.map((one) => at(one, step, one.times) - (one.start || one.times[0])).filter(Number.isFinite);
    times[i] = seen.length ? (members[0].start || members[0].times[0]) + seen.reduce((a, b) => a + b, 0) / seen.length : NaN;
  });
  members.forEach((one) => widen({ low, high }, grid, one));
  return {
    steps: grid,
    times,
    values,
    band: { low, high },
    count: members.reduce((sum, one) => sum + one.count, 0),
    reduced: false,
    start: members[0].start,
  };
}

/** Numbers between the common steps belong to the band, at the next of those: no spike of a member is missing there. */
function widen({ low, high }, grid, one) {
  one.steps.forEach((step, i) => {
    const value = one.values[i];
    if (Number.isFinite(value)) {
      const at = lowerBound(grid, step);
      low[at] = low[at] <= value ? low[at] : value;
      high[at] = high[at] >= value ? high[at] : value;
    }
  });
}

/** All steps of the members, thinned evenly to some hundreds. */
function commonSteps(members) {
  const all = [...new Set(members.flatMap((one) => Array.from(one.steps)))].sort((a, b) => a - b);
  const every = Math.max(1, Math.ceil(all.length / POINTS));
  return Float64Array.from(all.filter((_, i) => i % every === 0 || i === all.length - 1));
}

/** A member's number at a step, in proportion between its neighbours; nothing outside of what it logged. */
function at(one, step, numbers) {
  const { steps } = one;
  const i = lowerBound(steps, step);
  if (i === steps.length || (i === 0 && steps[0] !== step)) {
    return NaN;
  }
  if (steps[i] === step) {
    return numbers[i];
  }
  const part = (step - steps[i - 1]) / (steps[i] - steps[i - 1]);
  return numbers[i - 1] + (numbers[i] - numbers[i - 1]) * part;
}
