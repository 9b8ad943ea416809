// format.js - numbers, durations and times as text.
//
// The number formats are those of project files (project/number_format.hpp): "0.00%", "0.000", "0,0",
// "00:00:00", "0.0 b", "%". The server formats fields; this file formats ticks and tooltips.

const BYTE_UNITS = ["B", "KB", "MB", "GB", "TB", "PB", "EB"];

/** The text shown where there is no value. */
export const NOTHING = "--";

/** Splits a format into what decides the output: kind, decimals, thousands. */
export function parseFormat(format) {
  const text = (format || "").trim();
  const dot = text.match(/\.(0+)/);
  const kind = text.includes("%")
    ? "percent"
    : text.includes(":")
      ? "duration"
      : /b/i.test(text)
        ? "bytes"
        : text === ""
          ? "general"
          : "plain";
  return { kind, decimals: dot ? dot[1].length : 0, thousands: text.includes("0,0"), space: /\s(%|b)/i.test(text) };
}

/** Formats `value` by a project file's format; without one, about six digits. */
export function formatNumber(value, format) {
  if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  }
  const { kind, decimals, thousands, space } = parseFormat(format);
  switch (kind) {
    case "percent":
      return (value * 100).toFixed(decimals) + (space ? " %" : "%");
    case "bytes":
      return formatBytes(value, decimals, space);
    case "duration":
      return formatDuration(value * 1e6);
    case "general":
      return formatGeneral(value);
    default:
      return thousands ? withThousands(value.toFixed(decimals)) : value.toFixed(decimals);
  }
}

function withThousands(text) {
  const [whole, fraction] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : grouped + "." + fraction;
}

function formatBytes(value, decimals, space) {
  let unit = 0;
  let scaled = value;
  while (Math.abs(scaled) >= 1024 && unit < BYTE_UNITS.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return (unit === 0 ? String(Math.round(scaled)) : scaled.toFixed(decimals)) + (space ? " " : "") + BYTE_UNITS[unit];
}

/** Up to six significant digits, exponents only where they help. */
export function formatGeneral(value) {
  if (value === 0) {
    return "0";
  }
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) {
    return withThousands(String(value));
  }
  if (size >= 1e6 || size < 1e-4) {
    return value
      .toExponential(3)
      .replace(/\.?0+e/, "e")
      .replace("e+", "e");
  }
  return String(Number(value.toPrecision(6)));
}

/** A field's text from the server; one too long to stand on a card (a loss of 1e30) in few digits. */
export function fieldText(field) {
  const value = toNumber(field.value);
  return field.text.length > 12 && Number.isFinite(value) ? formatGeneral(value) : field.text;
}

/** The format of a series or attribute that guild itself records (docs/format-run.md), by its name. */
export function recordedFormat(name) {
  if (/^((op|sys)\/(.+\/)?(mem|swap)\/(rss|vms|total|free|used)|(gpu\d+_)?memory)$/.test(name)) {
    return "0.0 b";
  }
  return /^sys\/(.+\/)?(util|fanspeed)$/.test(name) ? "0.0%" : "";
}

/** Formats an axis tick so that neighbours `step` apart can be told apart; bytes in the unit of `largest`. */
export function formatTick(value, format, step, largest = value) {
  const { kind } = parseFormat(format);
  if (kind === "percent") {
    return (value * 100).toFixed(decimalsFor(step * 100)) + "%";
  }
  if (kind === "bytes") {
    const unit = Math.min(6, Math.max(0, Math.floor(Math.log2(Math.max(Math.abs(largest), 1)) / 10)));
    return value === 0 ? "0" : (value / 1024 ** unit).toFixed(exactDecimals(step / 1024 ** unit)) + " " + BYTE_UNITS[unit];
  }
  if (kind === "duration") {
    return formatDuration(value * 1e6);
  }
  const size = Math.abs(value);
  if (value !== 0 && (size >= 1e6 || size < 1e-4)) {
    return value.toExponential(Math.min(6, Math.max(0, decimalsFor(step / 10 ** Math.floor(Math.log10(size)))))).replace("e+", "e");
  }
  return withThousands(value.toFixed(decimalsFor(step)));
}

// Steps of bytes are powers of two: 0.125 takes three decimals.
function exactDecimals(step) {
  let decimals = 0;
  while (decimals < 3 && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) {
    decimals += 1;
  }
  return decimals;
}

function decimalsFor(step) {
  if (!(step > 0)) {
    return 0;
  }
  return Math.min(10, Math.max(0, Math.ceil(-Math.log10(step) - 0.05)));
}

/** Microseconds as h:mm:ss. */
export function formatDuration(us) {
  const sign = us < 0 ? "-" : "";
  const seconds = Math.round(Math.abs(us) / 1e6);
  const pad = (number) => String(number).padStart(2, "0");
  return sign + Math.floor(seconds / 3600) + ":" + pad(Math.floor(seconds / 60) % 60) + ":" + pad(seconds % 60);
}

/** Microseconds as people say it: 4.2 s, 3 m 12 s, 2 h 5 m, 3 d 4 h. */
export function formatSpan(us) {
  const seconds = us / 1e6;
  if (seconds < 10) {
    return seconds.toFixed(1) + " s";
  }
  if (seconds < 60) {
    return Math.round(seconds) + " s";
  }
  if (seconds < 3600) {
    return Math.floor(seconds / 60) + " m " + Math.floor(seconds % 60) + " s";
  }
  if (seconds < 86400) {
    return Math.floor(seconds / 3600) + " h " + Math.floor((seconds % 3600) / 60) + " m";
  }
  return Math.floor(seconds / 86400) + " d " + Math.floor((seconds % 86400) / 3600) + " h";
}

/** Microseconds since 1970 as local date and time. */
export function formatTime(us) {
  const date = new Date(us / 1000);
  const pad = (number) => String(number).padStart(2, "0");
  return date.getFullYear() + "-" + pad(date.getMonth() + 1) + "-" + pad(date.getDate()) + " " + formatClock(us);
}

/** Microseconds since 1970 as local hh:mm:ss. */
export function formatClock(us) {
  const date = new Date(us / 1000);
  const pad = (number) => String(number).padStart(2, "0");
  return pad(date.getHours()) + ":" + pad(date.getMinutes()) + ":" + pad(date.getSeconds());
}

/** How long ago, in words: just now, 5 minutes ago, 3 days ago. */
export function formatAgo(us, nowUs) {
  const seconds = Math.max(0, (nowUs - us) / 1e6);
  const steps = [
    [60, "second", 1],
    [3600, "minute", 60],
    [86400, "hour", 3600],
    [2592000, "day", 86400],
    [31536000, "month", 2592000],
    [Infinity, "year", 31536000],
  ];
  if (seconds < 10) {
    return "just now";
  }
  const [, unit, size] = steps.find(([limit]) => seconds < limit);
  const count = Math.floor(seconds / size);
  return count + " " + unit + (count === 1 ? "" : "s") + " ago";
}

/** The API's numbers: NaN, Infinity and integers beyond 2^53 come as strings, no value as null. */
export function toNumber(value) {
  return value === null || value === undefined ? NaN : Number(value);
}
