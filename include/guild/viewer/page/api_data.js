// api_data.js - series data as the server sends it (docs/http-api.md, "data"), decoded to Float64Arrays.

import { toNumber } from "./format.js";

const KINDS = { f64: Float64Array, f32: Float32Array, u32: Uint32Array };

/** The binary form, or JSON: {matched, origin_us, series: [{key, count, nan, inf, is_reduced, steps, times, values}]}. */
export async function decodeData(response) {
  if ((response.headers.get("Content-Type") || "").includes("json")) {
    return fromJson(await response.json());
  }
  return fromBinary(await response.arrayBuffer());
}

function fromBinary(body) {
  const size = new DataView(body).getUint32(4, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 8, size)));
  const part = ({ type, at, base }, length) => {
    const Kind = KINDS[type];
    return Float64Array.from(new Kind(body, at, length), (x) => x + base);
  };
  return {
    ...head,
    series: head.series.map((one) => ({
      ...one,
      steps: part(one.steps, one.length),
      times: part(one.times, one.length),
      values: part(one.values, one.length),
    })),
  };
}

function fromJson(body) {
  return {
    ...body,
    series: body.series.map((one) => ({
      ...one,
      steps: Float64Array.from(one.steps, toNumber),
      times: Float64Array.from(one.times_us, toNumber),
      values: Float64Array.from(one.values, toNumber),
    })),
  };
}
