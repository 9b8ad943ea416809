// run_store.js - the rows of all runs that match a condition, kept up to date by deltas.

import { api } from "./api.js";
import { toNumber } from "./format.js";
import { namesOf } from "./run_columns.js";

const FIRST_ROWS = 200;
const ALL_ROWS = 1000000;
const PARTS = "values,flags,spark";

export class RunStore {
  constructor() {
    this.clear();
  }

  clear() {
    this.rows = new Map();
    this.total = 0;
    this.version = null;
    this.asked = null;
    this.isWhole = false;
    this.fields = null;
  }

  /** Reads what changed; another condition or sparkline begins anew. True if anything is different. */
  async refresh(where, spark, project, signal) {
    const asked = JSON.stringify([where, spark]);
    if (asked !== this.asked) {
      this.clear();
    }
    const base = { where, spark, with: PARTS, fields: undefined };
    const query = !this.isWhole
      ? { ...base, limit: this.asked === asked ? ALL_ROWS : FIRST_ROWS }
      : this.version
        ? { ...base, since: this.version }
        : { ...base, limit: ALL_ROWS };
    const answer = await api.runs(query, signal);
    this.asked = asked;
    if (answer === this.answer) {
      return false;
    }
    this.answer = answer;
    this.apply(answer, project);
    return true;
  }

  apply(answer, project) {
    if (!answer.is_delta) {
      this.rows = new Map();
    }
    for (const id of answer.gone || []) {
      this.rows.delete(id);
    }
    this.fields = answer.fields || this.fields || project.fields;
    for (const row of answer.runs) {
      this.rows.set(row.id, normalize(row, this.fields));
    }
    this.total = answer.total;
    this.version = answer.version || null;
    this.isWhole = this.rows.size >= answer.total;
  }

  list() {
    return [...this.rows.values()];
  }

  /** Names of flags and whether they vary; found once for each state of the list. */
  flagNames() {
    if (this.namesOf !== this.answer) {
      this.namesOf = this.answer;
      this.names = namesOf(this.list(), "flags");
    }
    return this.names || new Map();
  }

  hasSparks() {
    return this.list().some((run) => run.spark.length > 0);
  }
}

/** A row with `values`, {field name: {number, text}}, whichever way the server sent them. */
export function normalize(row, fields) {
  const values = {};
  (row.values || []).forEach(([number, text], i) => {
    if (fields[i]) {
      values[fields[i].name] = { number: toNumber(number), text };
    }
  });
  (row.fields || []).forEach((field) => {
    values[field.name] = { number: toNumber(field.value), text: field.text };
  });
  return {
    ...row,
    values,
    flags: ownPlaces(row.flags || {}, row),
    attrs: row.attrs || {},
    tags: row.tags || [],
    spark: (row.spark || []).map(toNumber),
  };
}

/** Values that name the run's own directory say $RUNDIR, as the project file does: they are no difference between runs. */
function ownPlaces(pairs, row) {
  return Object.fromEntries(
    Object.entries(pairs).map(([name, value]) => [
      name,
      row.path && value.includes(row.path) ? value.replaceAll(row.path, "$RUNDIR") : value,
    ]),
  );
}

/** The pattern of the sparkline: the first field's or chart's series, else anything called loss. */
export function sparkPattern(project) {
  const source = [...project.series.filter((spec) => !spec.extra), ...project.fields]
    .map((one) => one.source)
    .find((text) => text.startsWith("series/"));
  return source ? source.slice("series/".length) : ".*loss.*";
}
