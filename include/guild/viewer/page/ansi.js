// ansi.js - terminal colours in text: escape sequences become spans with classes, all others are left out.

import { h } from "./dom.js";

const SEQUENCE = /\x1b\[([0-9;?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]/g;
const PLAIN = { fg: "", bg: "", bold: false, dim: false, italic: false, underline: false, inverse: false };
const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
const FLAGS = {
  1: ["bold", true],
  2: ["dim", true],
  3: ["italic", true],
  4: ["underline", true],
  7: ["inverse", true],
  23: ["italic", false],
  24: ["underline", false],
  27: ["inverse", false],
};

export const plainStyle = PLAIN;

/** Text without any escape sequence. */
export function stripEscapes(text) {
  return text.includes("\x1b") ? text.replace(SEQUENCE, "") : text;
}

/** Splits text into {text, style} parts, beginning with `style`; the last style goes on in the next line. */
export function parseAnsi(text, style = PLAIN) {
  const parts = [];
  let from = 0;
  let now = style;
  for (const match of text.matchAll(SEQUENCE)) {
    if (match.index > from) {
      parts.push({ text: text.slice(from, match.index), style: now });
    }
    from = match.index + match[0].length;
    now = match[2] === "m" ? apply(now, match[1]) : now;
  }
  if (from < text.length) {
    parts.push({ text: text.slice(from), style: now });
  }
  return { parts, style: now };
}

function apply(style, text) {
  const codes = text.split(";").map(Number);
  let out = { ...style };
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i];
    if (code === 38 || code === 48) {
      const [color, used] = extended(codes, i);
      out[code === 38 ? "fg" : "bg"] = color;
      i += used;
    } else {
      out = applyOne(out, code);
    }
  }
  return out;
}

function applyOne(style, code) {
  if (code === 0) {
    return PLAIN;
  }
  if (code === 22) {
    return { ...style, bold: false, dim: false };
  }
  if (FLAGS[code]) {
    return { ...style, [FLAGS[code][0]]: FLAGS[code][1] };
  }
  if (code === 39 || code === 49) {
    return { ...style, [code === 39 ? "fg" : "bg"]: "" };
  }
  const tens = Math.floor(code / 10);
  const name = NAMES[code % 10];
  const side = { 3: "fg", 9: "fg", 4: "bg", 10: "bg" }[tens];
  return side && name ? { ...style, [side]: (tens > 4 ? "bright-" : "") + name } : style;
}

/** 38;5;N and 38;2;R;G;B: a colour, and how many codes it took. */
function extended(codes, i) {
  if (codes[i + 1] === 2) {
    return ["rgb(" + [2, 3, 4].map((k) => (codes[i + k] || 0) & 255).join(" ") + ")", 4];
  }
  const n = codes[i + 2] || 0;
  if (n < 16) {
    return [(n > 7 ? "bright-" : "") + NAMES[n % 8], 2];
  }
  const level = (k) => (k === 0 ? 0 : 55 + 40 * k);
  const cube = n - 16;
  const rgb =
    n > 231 ? Array(3).fill(8 + 10 * (n - 232)) : [level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)];
  return ["rgb(" + rgb.join(" ") + ")", 2];
}

/** A part as a node; plain text is a text node. */
export function ansiNode(text, style) {
  if (style === PLAIN) {
    return text;
  }
  const words = ["bold", "dim", "italic", "underline", "inverse"].filter((name) => style[name]).map((name) => "ansi-" + name);
  const span = h("span", { class: [...words, className("fg", style.fg), className("bg", style.bg)].filter(Boolean).join(" ") }, text);
  if (style.fg.startsWith("rgb")) {
    span.style.color = style.fg;
  }
  if (style.bg.startsWith("rgb")) {
    span.style.backgroundColor = style.bg;
  }
  return span;
}

function className(side, color) {
  return color && !color.startsWith("rgb") ? "ansi-" + side + "-" + color : "";
}
