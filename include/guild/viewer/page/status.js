// status.js - a run's status, duration and head line, as every page shows them.

import { h } from "./dom.js";
import { formatSpan, NOTHING } from "./format.js";

export const STATUS_TITLES = {
  running: "Running",
  completed: "Completed",
  terminated: "Terminated",
  error: "Error",
  pending: "Pending",
  lost: "Lost",
};

/** Whether a run can still change. */
export function isLive(run) {
  return run.status === "running" || run.status === "pending" || run.status === "lost";
}

export function isFailed(run) {
  return run.status === "error" || run.status === "terminated" || run.status === "lost";
}

/** The coloured word for a run's status; why it ended so is told by a pointer that rests on it. */
export function statusPill({ status, cause }) {
  const word = STATUS_TITLES[status] || status;
  return h("span", { class: "pill status-" + status, title: cause || null, dataset: { status } }, h("span", { class: "pulse" }), word);
}

/** How long the run took, or takes so far; null without a start. */
export function durationOf(run, nowUs) {
  const end = run.stopped_us || (run.status === "running" ? nowUs : null);
  return run.started_us && end ? Math.max(0, end - run.started_us) : null;
}

export function durationText(run, nowUs) {
  const us = durationOf(run, nowUs);
  return us === null ? NOTHING : formatSpan(us);
}

/** What people call a run: its label if it has one. */
export function titleOf(run) {
  return run.label || run.name || run.id;
}

/** A long name without its middle: names of one project often begin alike. */
export function shortened(text, length) {
  const head = Math.floor(length / 3);
  return text.length > length ? text.slice(0, head) + "\u2026" + text.slice(text.length - (length - head - 1)) : text;
}
