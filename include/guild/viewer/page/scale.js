// scale.js - nice axis ticks, smoothing and lookup: the arithmetic of charts, without a page.

/** The step among 1, 2, 5 x 10^k that divides `span` into at most `count` parts. */
export function niceStep(span, count) {
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9));
  return step * power;
}

/** Steps for durations in seconds: people count in minutes and hours, not in 50 seconds. */
export function niceTimeStep(span, count) {
  const raw = span / Math.max(1, count);
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
  return steps.find((step) => step >= raw) || niceStep(span / 86400, count) * 86400;
}

/** Steps for bytes: powers of two. */
export function niceByteStep(span, count) {
  const raw = Math.max(1, span / Math.max(1, count));
  return 2 ** Math.ceil(Math.log2(raw) - 1e-9);
}

/** Multiples of `step` inside [low, high]. */
export function ticks(low, high, step) {
  const out = [];
  const first = Math.ceil(low / step - 1e-9);
  for (let i = first; i * step <= high + step * 1e-9 && out.length < 100; i += 1) {
    out.push(i * step === 0 ? 0 : i * step);
  }
  return out;
}

/** Powers of ten inside [low, high], thinned to `count`; with few of them 2 and 5 times those too. */
export function logTicks(low, high, count) {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.ceil(Math.log10(high) - 1e-9);
  const factors = last - first <= 2 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil((last - first + 1) / count));
  const out = [];
  for (let power = first; power <= last; power += every) {
    out.push(...factors.map((factor) => factor * 10 ** power));
  }
  const inside = out.filter((value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9));
  return inside.length > 1 ? inside : ticks(low, high, niceStep(high - low, count));
}

/** Zero and powers of ten of both signs inside [low, high], for a symmetric logarithmic axis. */
export function symlogTicks(low, high, linear, count) {
  const out = [0];
  const first = Math.round(Math.log10(linear));
  const last = Math.ceil(Math.log10(Math.max(-low, high, linear)));
  const every = Math.max(1, Math.ceil((2 * (last - first + 1)) / count));
  for (let power = first; power <= last; power += every) {
    out.push(10 ** power, -(10 ** power));
  }
  return out.filter((value) => value >= low && value <= high).sort((a, b) => a - b);
}

/** An axis' forward and backward function: "linear", "log" or "symlog" with its linear size. */
export function transform(kind, linear = 1) {
  if (kind === "log") {
    return { to: Math.log10, from: (t) => 10 ** t };
  }
  if (kind === "symlog") {
    return { to: (v) => Math.sign(v) * Math.log10(1 + Math.abs(v) / linear), from: (t) => Math.sign(t) * linear * (10 ** Math.abs(t) - 1) };
  }
  return { to: (v) => v, from: (t) => t };
}

/** The value below which `part` of the finite `values` lie, by sorting a copy. */
export function quantile(values, part) {
  const sorted = Float64Array.from(values).sort();
  const at = (sorted.length - 1) * part;
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted.length ? sorted[low] + (sorted[high] - sorted[low]) * (at - low) : NaN;
}

/** First index of ascending `xs` whose element is at least `x`. */
export function lowerBound(xs, x) {
  let low = 0;
  let high = xs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] < x) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** Smallest and largest finite number of all arrays, null if there is none. */
export function extent(arrays, accept = Number.isFinite) {
  let low = Infinity;
  let high = -Infinity;
  for (const values of arrays) {
    for (const value of values) {
      if (accept(value)) {
        low = value < low ? value : low;
        high = value > high ? value : high;
      }
    }
  }
  return low <= high ? [low, high] : null;
}

/** The value range that a chart shows: padded, with zero where it is near. */
export function valueDomain(low, high) {
  if (low === high) {
    if (low === 0) {
      return [0, 1];
    }
    const pad = Math.abs(low) * 0.1;
    return [low - pad, high + pad];
  }
  const pad = (high - low) * 0.06;
  const fromZero = low >= 0 && low < 0.3 * high;
  return [fromZero ? 0 : low - pad, high + pad];
}

/** TensorBoard's smoothing: a debiased exponential moving average over finite values. Values that are
 *  all equal stay as they are; NaN and infinities stand in the result and do not change the average. */
export function smooth(values, weight) {
  const out = Float64Array.from(values);
  if (!(weight > 0) || values.every((value) => value === values[0])) {
    return out;
  }
  let average = 0;
  let count = 0;
  for (let i = 0; i < values.length; i += 1) {
    if (Number.isFinite(values[i])) {
      count += 1;
      average = weight < 1 ? average * weight + (1 - weight) * values[i] : average + (values[i] - average) / count;
      out[i] = weight < 1 ? average / (1 - weight ** count) : average;
    }
  }
  return out;
}

/** Index of the element of ascending `xs` that is nearest to `x`, -1 if there is none. */
export function nearest(xs, x) {
  let low = 0;
  let high = xs.length - 1;
  if (high < 0) {
    return -1;
  }
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return Math.abs(xs[high] - x) < Math.abs(xs[low] - x) ? high : low;
}
