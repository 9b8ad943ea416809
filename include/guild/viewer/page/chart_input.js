// chart_input.js - pointer, wheel and keyboard of a chart: crosshair, zoom, pan. Fingers are in chart_touch.js.
//
// Drag zooms in x, in y or in both, as far as the box is wide and high. Shift or the middle button drag pans.
// The wheel zooms with Ctrl or Alt, and without when the chart has the focus or the whole screen.

import { isTouch, onTouchDown, onTouchMove, onTouchUp, zoomX } from "./chart_touch.js";
import { nearest } from "./scale.js";

const SMALL = 6;
const HIGH = 24;

export const CHART_KEYS = [
  ["\u2190 \u2192", "move the crosshair; with Shift pan; with Ctrl by ten points"],
  ["Home, End", "crosshair to the first or last point"],
  ["+ \u2212", "zoom in and out around the crosshair"],
  ["Shift+\u2191, Shift+\u2193", "zoom in and out vertically"],
  ["0 or Esc", "show everything again"],
  ["z, Shift+z", "zoom back, forward"],
  ["f", "whole screen"],
  ["d", "data table"],
  ["s, p, e", "save as SVG, PNG, CSV"],
];

export function listen(chart) {
  const { canvas } = chart;
  canvas.addEventListener("pointermove", (event) => onMove(chart, event));
  canvas.addEventListener("pointerleave", (event) => chart.drag || isTouch(event) || chart.leave());
  canvas.addEventListener("pointerdown", (event) => onDown(chart, event));
  canvas.addEventListener("pointerup", (event) => onUp(chart, event));
  canvas.addEventListener("pointercancel", (event) => onCancel(chart, event));
  canvas.addEventListener("dblclick", () => chart.group.reset(chart));
  canvas.addEventListener("wheel", (event) => onWheel(chart, event), { passive: false });
  canvas.addEventListener("keydown", (event) => onKey(chart, event));
  canvas.addEventListener("blur", () => chart.leave());
}

function place(chart, event) {
  const box = chart.canvas.getBoundingClientRect();
  const { area } = chart.view;
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  return { px: clamp(event.clientX - box.left, area.left, area.right), py: clamp(event.clientY - box.top, area.top, area.bottom) };
}

function onDown(chart, event) {
  if (isTouch(event)) {
    onTouchDown(chart, event);
    return;
  }
  if (!chart.view || event.button > 1) {
    return;
  }
  event.preventDefault();
  chart.canvas.focus({ preventScroll: true });
  chart.canvas.setPointerCapture(event.pointerId);
  const from = place(chart, event);
  const pan = event.shiftKey || event.button === 1;
  chart.drag = { ...from, to: from, pan, x: [chart.view.x0, chart.view.x1], view: chart.view, moved: false };
}

function onCancel(chart, event) {
  onTouchUp(chart, event);
  chart.leave();
}

function onMove(chart, event) {
  if (!chart.view || (isTouch(event) && onTouchMove(chart, event))) {
    return;
  }
  const at = place(chart, event);
  if (chart.drag && chart.drag.pan) {
    pan(chart, at);
    return;
  }
  if (chart.drag) {
    chart.drag.to = at;
  }
  chart.hover = { x: chart.view.xAt(at.px), py: at.py };
  chart.group.hover(chart, chart.hover.x);
  chart.draw();
}

function pan(chart, at) {
  const { view, px, moved } = chart.drag;
  const by = px - at.px;
  if (by !== 0) {
    chart.drag.moved = true;
    chart.group.zoomTo(chart, [view.xAt(view.area.left + by), view.xAt(view.area.right + by)], null, moved);
  }
}

function onUp(chart, event) {
  onTouchUp(chart, event);
  const { drag, view } = chart;
  chart.drag = null;
  if (!drag || drag.pan || !view) {
    return;
  }
  const box = boxOf(drag, view.area);
  if (box) {
    chart.group.zoomTo(
      chart,
      box.isWide ? [view.xAt(box.left), view.xAt(box.right)] : null,
      box.isHigh ? [view.yAt(box.bottom), view.yAt(box.top)] : null,
    );
  }
  chart.draw();
}

/** The dragged rectangle; as wide or as high as the chart where the drag was not; null for a click. */
export function boxOf({ px, py, to }, area) {
  const isWide = Math.abs(to.px - px) > SMALL;
  const isHigh = Math.abs(to.py - py) > HIGH;
  if (!isWide && !isHigh) {
    return null;
  }
  return {
    isWide,
    isHigh,
    left: isWide ? Math.min(px, to.px) : area.left,
    right: isWide ? Math.max(px, to.px) : area.right,
    top: isHigh ? Math.min(py, to.py) : area.top,
    bottom: isHigh ? Math.max(py, to.py) : area.bottom,
  };
}

function onWheel(chart, event) {
  const mine = document.activeElement === chart.canvas || chart.isFull();
  if (!chart.view || !(event.ctrlKey || event.metaKey || event.altKey || mine)) {
    return;
  }
  event.preventDefault();
  const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
  const moved = sideways ? event.deltaX || event.deltaY : event.deltaY;
  const amount = moved * (event.deltaMode === 1 ? 20 : 1) * (isPinch(event) ? 6 : 1);
  const { px } = place(chart, event);
  const quiet = performance.now() - (chart.wheeled || -Infinity) < 600;
  chart.wheeled = performance.now();
  if (sideways) {
    shift(chart, amount / 600, quiet);
  } else {
    scaleX(chart, 1.0016 ** amount, px, quiet);
  }
}

/** Two fingers on a trackpad come as small turns of a wheel with Ctrl. */
function isPinch(event) {
  return event.ctrlKey && event.deltaMode === 0 && Math.abs(event.deltaY) < 50;
}

/** Zooms by `factor` around a pixel; out of it no further than everything. */
function scaleX(chart, factor, px, quiet = false) {
  const { view } = chart;
  const { left, right } = view.area;
  zoomX(chart, [view.xAt(px - (px - left) * factor), view.xAt(px + (right - px) * factor)], quiet);
}

/** Zooms vertically around the middle. */
function scaleY(chart, factor) {
  const { view } = chart;
  const { top, bottom } = view.area;
  const middle = (top + bottom) / 2;
  const half = ((bottom - top) / 2) * factor;
  chart.group.zoomTo(chart, null, [view.yAt(middle + half), view.yAt(middle - half)]);
}

function shift(chart, part, quiet = false) {
  const { view } = chart;
  const by = part * (view.area.right - view.area.left);
  chart.group.zoomTo(chart, [view.xAt(view.area.left + by), view.xAt(view.area.right + by)], null, quiet);
}

function onKey(chart, event) {
  const act = event.ctrlKey || event.metaKey || event.altKey ? null : actions(chart)[event.key];
  const arrow = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const upright = { ArrowUp: 0.6, ArrowDown: 1 / 0.6 }[event.key];
  if (arrow && event.shiftKey && chart.view) {
    shift(chart, arrow * 0.2);
  } else if (upright && event.shiftKey && chart.view) {
    scaleY(chart, upright);
  } else if (arrow) {
    step(chart, arrow * (event.ctrlKey ? 10 : 1));
  } else if (act) {
    act();
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

/** What single keys do; CHART_KEYS lists them. */
export function actions(chart) {
  const middle = () => (chart.hover ? chart.view.x(chart.hover.x) : (chart.view.area.left + chart.view.area.right) / 2);
  const zoomBy = (factor) => () => chart.view && scaleX(chart, factor, middle());
  const leave = () => (chart.isFull() ? chart.toggleFull() : chart.group.reset(chart));
  return {
    "+": zoomBy(0.6),
    "=": zoomBy(0.6),
    "-": zoomBy(1 / 0.6),
    0: () => chart.group.reset(chart),
    Escape: leave,
    z: () => chart.group.undo(),
    Z: () => chart.group.redo(),
    f: () => chart.toggleFull(),
    d: () => chart.toggleTable(),
    s: () => chart.save("svg"),
    p: () => chart.save("png"),
    e: () => chart.save("csv"),
    Home: () => step(chart, -Infinity),
    End: () => step(chart, Infinity),
  };
}

/** Moves the crosshair along the points of the first line, inside the window. */
function step(chart, by) {
  const line = chart.visible()[0];
  if (!chart.view || !line || line.xs.length === 0) {
    return;
  }
  const { xs } = line;
  const now = chart.hover ? nearest(xs, chart.hover.x) : by < 0 ? xs.length : -1;
  let at = Math.min(xs.length - 1, Math.max(0, now + by));
  at = Math.max(nearest(xs, chart.view.x0), Math.min(nearest(xs, chart.view.x1), at));
  chart.hover = { x: xs[at], py: chart.view.y(line.ys[at]) };
  chart.group.hover(chart, xs[at]);
  chart.draw();
}
