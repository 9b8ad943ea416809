// api.js - reading the HTTP API (docs/http-api.md). Conditional requests are the browser's: every
// answer carries an ETag and "no-cache", so an unchanged one costs a 304.

/** An answer other than 200; `status` is 0 when the server could not be reached. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function get(path, signal) {
  let response;
  try {
    response = await fetch(path, { signal, credentials: "same-origin", headers: { Accept: "application/json" } });
  } catch (error) {
    if (error.name === "AbortError") {
      throw error;
    }
    throw new ApiError(0, "guild view is not answering");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new ApiError(response.status, (body.error && body.error.message) || response.statusText);
  }
  return body;
}

const run = (id) => "/api/runs/" + encodeURIComponent(id);

export const api = {
  settings: (signal) => get("/api/settings", signal),
  project: (signal) => get("/api/project", signal),
  runs: (limit, signal) => get("/api/runs?fields=1&limit=" + limit, signal),
  run: (id, signal) => get(run(id), signal),
  fields: (id, signal) => get(run(id) + "/fields", signal),
  flags: (id, signal) => get(run(id) + "/flags", signal),
  attrs: (id, signal) => get(run(id) + "/attrs", signal),
  series: (id, signal) => get(run(id) + "/series", signal),
  data: (id, pattern, columns, range, signal) => get(run(id) + "/data?pattern=" + encodeURIComponent(pattern)
    + "&columns=" + columns + (range ? "&from=" + range[0] + "&to=" + range[1] : ""), signal),
  output: (id, offset, limit, signal) => get(run(id) + "/output?offset=" + offset + "&limit=" + limit, signal),
};
