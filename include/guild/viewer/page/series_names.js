// series_names.js - what the keys of series say: folders, labels in braces, the rank or attempt that wrote them. Pure.
//
// "train/loss", "node/disk{path=\"/var\"}", "loss @rank1": slashes inside braces divide nothing.

/** The parts of a key between slashes. */
export function keyParts(key) {
  const brace = key.indexOf("{");
  const head = brace < 0 ? key : key.slice(0, brace);
  const parts = head.split("/");
  parts[parts.length - 1] += brace < 0 ? "" : key.slice(brace);
  return parts;
}

/** The key without labels, rank and attempt: what one chart shows together. */
export function baseOf(key) {
  return key.replace(/ @(rank|attempt)\d+$/, "").replace(/\{.*\}$/, "");
}

/** A regular expression that matches exactly this text. */
export function patternOf(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** A pattern for some keys of one base. */
export function patternOfAll(keys) {
  return keys.length === 1 ? patternOf(keys[0]) : patternOf(baseOf(keys[0])) + "(\\{.*\\})?( @(rank|attempt)[0-9]+)?";
}

/** What tells keys apart: common leading and trailing parts are left out, and of one metric all but the labels. */
export function shortNames(keys) {
  if (keys.length < 2) {
    return keys.slice();
  }
  const parts = keys.map(keyParts);
  const shortest = Math.min(...parts.map((list) => list.length));
  let head = 0;
  while (head < shortest - 1 && parts.every((list) => list[head] === parts[0][head])) {
    head += 1;
  }
  let tail = 0;
  while (tail < shortest - 1 - head && parts.every((list) => list.at(-1 - tail) === parts[0].at(-1 - tail))) {
    tail += 1;
  }
  const names = parts.map((list) => list.slice(head, list.length - tail).join("/"));
  const isOneMetric = names.every((name) => name.includes("{") && baseOf(name) === baseOf(names[0]));
  return isOneMetric ? names.map((name) => labelsOf(name.slice(name.indexOf("{")))) : names;
}

/** {a="x",b="y"} @rank1 as a=x, b=y @rank1. */
function labelsOf(text) {
  return text.replace(/^\{(.*)\}/, (_, inside) => inside.replace(/",/g, '", ').replace(/="((?:[^"\\]|\\.)*)"/g, "=$1"));
}
