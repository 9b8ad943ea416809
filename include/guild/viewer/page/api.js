// api.js - reading the HTTP API (docs/http-api.md).
//
// Every answer has an ETag. An unchanged one costs a 304, and is the same object as before, so that a page that polls
// can tell by === that there is nothing to draw.

import { decodeData } from "./api_data.js";
import { linkOf } from "./state.js";

const KEPT = 300;
const kept = new Map();

/** An answer other than 200; `status` is 0 when the server could not be reached. */
export class ApiError extends Error {
  constructor(status, message, details = {}) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

async function get(path, signal, decode = (response) => response.json()) {
  let response;
  try {
    response = await fetch(path, { signal, credentials: "same-origin", cache: "no-cache" });
  } catch (error) {
    if (error.name === "AbortError") {
      throw error;
    }
    throw new ApiError(0, "guild view is not answering");
  }
  if (!response.ok) {
    const body = await response.json().catch(() => ({}));
    throw new ApiError(response.status, (body.error && body.error.message) || response.statusText, body.error);
  }
  const tag = response.headers.get("ETag");
  const before = kept.get(path);
  if (before && tag && before.tag === tag) {
    return before.body;
  }
  const body = await decode(response);
  keep(path, tag, body);
  return body;
}

function keep(path, tag, body) {
  kept.delete(path);
  kept.set(path, { tag, body });
  if (kept.size > KEPT) {
    kept.delete(kept.keys().next().value);
  }
}

const run = (id) => "/api/runs/" + encodeURIComponent(id);

function query(values) {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== "") {
      out.set(name, String(value));
    }
  }
  return linkOf(out);
}

export const api = {
  settings: (signal) => get("/api/settings", signal),
  project: (signal) => get("/api/project", signal),
  /** values: {limit, offset, where, fields, with, spark, since} */
  runs: (values, signal) => get("/api/runs" + query(values), signal),
  run: (id, signal) => get(run(id), signal),
  fields: (id, signal) => get(run(id) + "/fields", signal),
  flags: (id, signal) => get(run(id) + "/flags", signal),
  attrs: (id, signal) => get(run(id) + "/attrs", signal),
  series: (id, signal) => get(run(id) + "/series", signal),
  files: (id, signal) => get(run(id) + "/files", signal),
  /** values: {pattern, axis, from, to, columns}; answers {matched, origin_us, series} with typed arrays. */
  data: (id, values, signal) => get(run(id) + "/data" + query({ ...values, format: "binary" }), signal, decodeData),
  output: (id, values, signal) => get(run(id) + "/output" + query(values), signal),
  /** values: {text, offset, limit, stream, case}; answers {matches, next_offset, size, is_done}. */
  search: (id, values, signal) => get(run(id) + "/search" + query(values), signal),
  /** The beginning of a file as text. */
  fileText: (id, file, limit, signal) =>
    get(run(id) + "/files/" + encodeURIComponent(file) + query({ limit }), signal, (response) => response.text()),
  fileLink: (id, file, download) => run(id) + "/files/" + encodeURIComponent(file) + (download ? "?download=1" : ""),
};
