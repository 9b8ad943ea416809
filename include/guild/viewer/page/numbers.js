// numbers.js - what of runs can stand on an axis: fields, flags, duration; as numbers, or as words in order.

import { DURATION, fieldColumn, flagColumn, namesOf } from "./run_columns.js";
import { formatGeneral, formatNumber, NOTHING } from "./format.js";

/** Axes of some runs: [{name, title, at(run) -> number or NaN, text(run), isWords, words}], those that vary first. */
export function axesOf(rows, project) {
  const columns = [
    ...[...namesOf(rows, "flags")].filter(([, values]) => values.size > 1).map(([name]) => flagColumn(name)),
    ...project.fields.map((field) => fieldColumn(field)),
    DURATION,
  ];
  return columns.map((column) => axisOf(column, rows)).filter(Boolean);
}

function axisOf(column, rows) {
  const numbers = rows.map((row) => column.numberOf(row));
  const texts = rows.map((row) => column.text(row));
  const isWords = rows.every((row, i) => Number.isNaN(numbers[i])) && column.kind === "flags";
  const mixed =
    column.kind === "flags" && numbers.some(Number.isNaN) && !isWords && texts.some((text, i) => text !== "" && Number.isNaN(numbers[i]));
  const base = { name: column.name, title: column.title, text: column.text, kind: column.kind };
  if (isWords || mixed) {
    const words = [...new Set(texts)].sort();
    return { ...base, isWords: true, words, at: (row) => words.indexOf(column.text(row)), tick: (value) => words[Math.round(value)] || NOTHING };
  }
  return numbers.some(Number.isFinite) ? { ...base, isWords: false, at: column.numberOf, tick: tickText(column.format) } : null;
}

function tickText(format) {
  return (value) => (format ? formatNumber(value, format) : formatGeneral(Number(value.toPrecision(4))));
}

/** An axis' range with room at both ends, on a logarithmic scale where the values ask for it. */
export function rangeOf(axis, rows) {
  const values = rows.map(axis.at).filter(Number.isFinite);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const isLog = !axis.isWords && low > 0 && high / low > 50;
  if (low === high) {
    return { low: low - 0.5, high: high + 0.5, isLog: false, only: low };
  }
  return { low, high, isLog };
}

/** 0 to 1 for a value inside a range. */
export function partOf({ low, high, isLog }, value) {
  return isLog ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
}
