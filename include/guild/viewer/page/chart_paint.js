// chart_paint.js - draws a view (chart_view.js) and its lines. The context is a canvas' or that of
// svg_context.js, which has the few calls used here.

import { lowerBound } from "./scale.js";

/** Axes, grid and tick texts. colors: {grid, text}. */
export function paintAxes(context, view, colors) {
  const { area } = view;
  context.lineWidth = 1;
  context.strokeStyle = colors.grid;
  context.fillStyle = colors.text;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const tick of view.yTicks) {
    const y = Math.round(view.y(tick.value)) + 0.5;
    if (y > area.top - 4 && y < area.bottom + 1) {
      segment(context, area.left, y, area.right, y);
      context.fillText(tick.text, area.left - 8, y);
    }
  }
  context.textBaseline = "top";
  context.textAlign = "center";
  let free = -Infinity;
  for (const tick of view.xTicks) {
    const x = Math.round(view.x(tick.value)) + 0.5;
    const half = context.measureText(tick.text).width / 2;
    const middle = Math.min(Math.max(x, half + 2), view.width - half - 2);
    segment(context, x, area.bottom, x, area.bottom + 4);
    if (middle - half > free) {
      context.fillText(tick.text, middle, area.bottom + 8);
      free = middle + half + 8;
    }
  }
  segment(context, area.left, Math.round(area.bottom) + 0.5, area.right, Math.round(area.bottom) + 0.5);
}

/** All lines, the first one on top. */
export function paintLines(context, view, lines) {
  const { area } = view;
  context.save();
  context.beginPath();
  context.rect(area.left - 1, area.top - 4, area.right - area.left + 2, area.bottom - area.top + 8);
  context.clip();
  context.lineJoin = "round";
  for (const line of lines.slice().reverse()) {
    paintLine(context, view, line, lines.length === 1 && view.y0 === 0);
  }
  context.restore();
}

function paintLine(context, view, line, alone) {
  const range = visibleRange(line, view);
  if (line.band) {
    paintSpan(context, view, line, line.band);
  } else if (line.reduced) {
    paintBand(context, view, line, range);
  } else if (alone) {
    paintArea(context, view, line, range);
  }
  if (line.ys !== line.raw) {
    strokeLine(context, view, line, line.raw, range, 1, 0.3);
  }
  strokeLine(context, view, line, line.ys, range, line.reduced && line.ys === line.raw ? 1.2 : line.wide ? 2.6 : 1.8, 1);
  paintMarks(context, view, line, range);
}

/** Indices of the points in sight and one more at each side, so that lines reach the edges. */
function visibleRange({ xs }, view) {
  const first = Math.max(0, lowerBound(xs, view.x0) - 1);
  let last = lowerBound(xs, view.x1);
  while (last < xs.length && xs[last] <= view.x1) {
    last += 1;
  }
  return [first, Math.min(xs.length, last + 1)];
}

/** One pass; a value that cannot be drawn breaks the line, one that stands alone is a dot. */
function strokeLine(context, view, line, ys, [first, last], width, alpha) {
  const { drawable } = view;
  context.strokeStyle = line.color;
  context.globalAlpha = alpha;
  context.lineWidth = width;
  context.setLineDash(line.dash || []);
  context.beginPath();
  let open = false;
  for (let i = first; i < last; i += 1) {
    const good = drawable(ys[i]);
    if (good) {
      const x = view.x(line.xs[i]);
      const y = view.y(ys[i]);
      const alone = !open && (i + 1 === last || !drawable(ys[i + 1]));
      if (open) {
        context.lineTo(x, y);
      } else {
        context.moveTo(alone ? x + width * 0.6 : x, y);
      }
      if (alone) {
        context.arc(x, y, width * 0.6, 0, 2 * Math.PI);
      }
    }
    open = good;
  }
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

/** Between the smallest and the largest value of each two pixels: what a reduced line stands for. */
function paintBand(context, view, line, [first, last]) {
  const lows = new Map();
  for (let i = first; i < last; i += 1) {
    if (view.drawable(line.raw[i])) {
      const column = Math.floor(view.x(line.xs[i]) / 2);
      const y = view.y(line.raw[i]);
      const at = lows.get(column);
      lows.set(column, at ? [Math.min(at[0], y), Math.max(at[1], y)] : [y, y]);
    }
  }
  const columns = [...lows.keys()].sort((a, b) => a - b);
  context.fillStyle = line.color;
  context.globalAlpha = 0.22;
  context.beginPath();
  columns.forEach((column) => context.lineTo(column * 2 + 1, lows.get(column)[0] - 0.5));
  columns.reverse().forEach((column) => context.lineTo(column * 2 + 1, lows.get(column)[1] + 0.5));
  context.fill();
  context.globalAlpha = 1;
}

/** A band that the data brings along, such as the spread of a group of runs. */
function paintSpan(context, view, line, { low, high }) {
  context.fillStyle = line.color;
  context.globalAlpha = 0.18;
  context.beginPath();
  const good = Array.from(line.xs.keys()).filter((i) => view.drawable(low[i]) && view.drawable(high[i]));
  good.forEach((i) => context.lineTo(view.x(line.xs[i]), view.y(high[i])));
  good.reverse().forEach((i) => context.lineTo(view.x(line.xs[i]), view.y(low[i])));
  context.fill();
  context.globalAlpha = 1;
}

/** A single line that stands on zero is an area. */
function paintArea(context, view, line, [first, last]) {
  context.fillStyle = line.color;
  context.globalAlpha = 0.09;
  let begin = -1;
  context.beginPath();
  for (let i = first; i <= last; i += 1) {
    const good = i < last && view.drawable(line.ys[i]);
    if (good) {
      context.lineTo(view.x(line.xs[i]), view.y(line.ys[i]));
      begin = begin < 0 ? i : begin;
    } else if (begin >= 0) {
      context.lineTo(view.x(line.xs[i - 1]), view.area.bottom);
      context.lineTo(view.x(line.xs[begin]), view.area.bottom);
      context.closePath();
      context.fill();
      context.beginPath();
      begin = -1;
    }
  }
  context.globalAlpha = 1;
}

/** Triangles at the edges where a value was NaN (bottom, hollow) or infinite (top or bottom, full). */
function paintMarks(context, view, line, [first, last]) {
  if (line.nan + line.inf === 0) {
    return;
  }
  const free = { top: -Infinity, bottom: -Infinity };
  for (let i = first; i < last; i += 1) {
    const value = line.raw[i];
    const side = value === Infinity ? "top" : "bottom";
    const x = Number.isFinite(value) ? -Infinity : view.x(line.xs[i]);
    if (x > free[side] + 7) {
      triangle(context, view.area, x, side, line.color, Number.isNaN(value));
      free[side] = x;
    }
  }
}

function triangle(context, area, x, side, color, hollow) {
  const tip = side === "top" ? area.top - 3 : area.bottom - 8;
  const base = side === "top" ? area.top + 4 : area.bottom - 1;
  const [sharp, flat] = side === "top" ? [tip, base] : [tip, base];
  context.lineWidth = 1.4;
  context.strokeStyle = color;
  context.fillStyle = color;
  context.beginPath();
  context.moveTo(x, sharp);
  context.lineTo(x + 4, flat);
  context.lineTo(x - 4, flat);
  context.closePath();
  if (hollow) {
    context.stroke();
  } else {
    context.fill();
  }
}

/** The crosshair and a dot on each line. hits: [{line, at}]. */
export function paintCross(context, view, colors, x, hits) {
  const px = Math.round(view.x(x)) + 0.5;
  context.strokeStyle = colors.cross;
  context.lineWidth = 1;
  segment(context, px, view.area.top, px, view.area.bottom);
  for (const { line, at } of hits) {
    const y = view.y(line.ys[at]);
    if (view.drawable(line.ys[at]) && y >= view.area.top - 4 && y <= view.area.bottom + 4) {
      context.beginPath();
      context.arc(view.x(line.xs[at]), y, 4, 0, 2 * Math.PI);
      context.fillStyle = line.color;
      context.fill();
      context.lineWidth = 2;
      context.strokeStyle = colors.surface;
      context.stroke();
    }
  }
}

/** The rectangle that is being dragged. */
export function paintBox(context, colors, { left, top, right, bottom }) {
  context.fillStyle = colors.accent;
  context.globalAlpha = 0.14;
  context.fillRect(left, top, right - left, bottom - top);
  context.globalAlpha = 1;
}

function segment(context, x0, y0, x1, y1) {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}
