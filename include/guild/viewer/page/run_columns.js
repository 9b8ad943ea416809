// run_columns.js - the columns that a table of runs can have: what they are called, show and sort by.

import { h } from "./dom.js";
import { fieldText, formatAgo, formatTime, NOTHING } from "./format.js";
import { sparkline } from "./spark.js";
import { durationOf, durationText, shortened, statusPill, titleOf } from "./status.js";

/** A text as a number where all of it is one: flags sort as people expect. */
function sortKey(text) {
  const number = text === undefined || text === "" ? NaN : Number(text);
  return Number.isNaN(number) ? text || "" : number;
}

/** Orders keys: numbers before texts, nothing last. */
export function compareKeys(a, b) {
  if (typeof a !== typeof b) {
    return typeof a === "number" ? -1 : 1;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

const now = () => Date.now() * 1000;

function nameCell(run) {
  const link = h("a", { href: "/runs/" + encodeURIComponent(run.id), title: run.id, tabindex: "-1" }, shortened(titleOf(run), 52));
  return [link, run.tags.map((tag) => h("span", { class: "tag" }, tag))];
}

function startedCell(run) {
  const when = run.started_us;
  return when ? h("span", { title: formatTime(when) }, formatAgo(when, now())) : NOTHING;
}

export const STATUS = {
  name: "status",
  title: "Status",
  width: 144,
  key: (run) => run.status,
  cell: (run) => statusPill(run),
  text: (run) => run.status,
};
const NAME = { name: "name", title: "Name", class: "stick", key: titleOf, text: titleOf, cell: nameCell };
const ID = {
  name: "id",
  title: "Run",
  width: 250,
  off: true,
  key: (run) => run.id,
  text: (run) => run.id,
  cell: (run) => h("code", {}, run.id),
};
const STARTED = {
  name: "started",
  title: "Started",
  width: 132,
  key: (run) => run.started_us || 0,
  text: (run) => (run.started_us ? formatTime(run.started_us) : ""),
  cell: startedCell,
};
export const DURATION = {
  name: "duration",
  title: "Duration",
  width: 100,
  number: true,
  key: (run) => durationOf(run, now()) ?? -1,
  numberOf: (run) => (durationOf(run, now()) ?? NaN) / 1e6,
  text: (run) => durationText(run, now()),
  cell: (run) => durationText(run, now()),
};

const LETTER = 7.7;
const PADDING = 26;
const SAMPLE = 300;

/** As wide as the texts of some runs and the words of the title, which may take two lines. */
function fit(title, runs, text, [least, most]) {
  const words = Math.max(...title.split(/\s/).map((word) => word.length), title.length / 2);
  const longest = runs.slice(0, SAMPLE).reduce((high, run) => Math.max(high, text(run).length), 0);
  return Math.round(Math.min(most, Math.max(least, words * LETTER + PADDING + 12, longest * LETTER + PADDING)));
}

/** The fixed columns; `colorOf(run)`: of a chosen run; runs: those that are shown. */
export function baseColumns(colorOf, runs) {
  const curve = (run) => (run.spark.length ? sparkline(run.spark, colorOf(run)) : null);
  const spark = { name: "spark", title: "Curve", width: 120, fixed: true, cell: curve, text: () => "" };
  const withTags = (run) => titleOf(run) + run.tags.map((tag) => "   " + tag).join("");
  const width = fit("Name", runs, withTags, [90, innerWidth < 820 ? 160 : 430]);
  return [{ ...NAME, width }, { ...STATUS, width: innerWidth <= 480 ? 68 : STATUS.width }, ID, STARTED, DURATION, spark];
}

export function fieldColumn(field, runs = []) {
  const value = (run) => run.values[field.name] || { number: NaN, text: NOTHING };
  const text = (run) => fieldText({ value: value(run).number, text: value(run).text });
  return {
    name: field.name,
    title: field.label,
    number: true,
    width: fit(field.label, runs, text, [80, 260]),
    kind: "field",
    format: field.format,
    key: (run) => (Number.isNaN(value(run).number) ? value(run).text : value(run).number),
    numberOf: (run) => value(run).number,
    text: (run) => value(run).text,
    cell: text,
  };
}

export function flagColumn(name, runs) {
  return pairColumn("flags", name, runs);
}

export function attrColumn(name, runs) {
  return pairColumn("attrs", name, runs);
}

function pairColumn(kind, name, runs = []) {
  const text = (run) => run[kind][name];
  const numberOf = (run) => (text(run) === undefined || text(run).trim() === "" ? NaN : Number(text(run)));
  const given = runs.slice(0, SAMPLE).filter((run) => text(run) !== undefined);
  return {
    name: kind + "/" + name,
    title: name,
    kind,
    number: given.length > 0 && given.every((run) => !Number.isNaN(numberOf(run))),
    width: fit(name, given, text, [70, 260]),
    key: (run) => sortKey(text(run)),
    numberOf,
    text: (run) => text(run) ?? "",
    cell: (run) => (text(run) === undefined ? h("span", { class: "dim" }, NOTHING) : h("span", { title: text(run) }, text(run))),
  };
}

/** Names of flags (or attributes) in the order in which they first appear, and how many values each has. */
export function namesOf(runs, kind) {
  const seen = new Map();
  for (const run of runs) {
    for (const [name, value] of Object.entries(run[kind])) {
      const values = seen.get(name) || new Set();
      if (values.size < 2) {
        values.add(value);
      }
      seen.set(name, values);
    }
  }
  for (const [name, values] of seen) {
    if (values.size === 1 && runs.some((run) => run[kind][name] === undefined)) {
      values.add(undefined);
    }
  }
  return seen;
}
