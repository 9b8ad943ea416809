// chart_touch.js - fingers on a chart: one moves the crosshair, two zoom and pan, a double tap shows everything.
//
// Up and down one finger scrolls the page (touch-action: pan-y).

const LEAST = 40;

export function isTouch(event) {
  return event.pointerType === "touch";
}

/** Zooms horizontally: no further out than everything, no further in than the data has points. */
export function zoomX(chart, range, quiet) {
  const all = chart.fullX();
  if (all && range[0] <= all[0] && range[1] >= all[1]) {
    chart.group.reset(chart);
  } else if (range[1] - range[0] > chart.smallestX()) {
    chart.group.zoomTo(chart, range, null, quiet);
  }
}

export function onTouchDown(chart, event) {
  if (!chart.view) {
    return;
  }
  chart.canvas.focus({ preventScroll: true });
  chart.touches.set(event.pointerId, place(chart, event));
  if (chart.touches.size === 2) {
    chart.pinch = { from: [...chart.touches.values()], view: chart.view, moved: false };
    chart.hover = null;
  }
}

/** True when two fingers are down: the move is theirs. */
export function onTouchMove(chart, event) {
  if (!chart.touches.has(event.pointerId)) {
    return false;
  }
  chart.touches.set(event.pointerId, place(chart, event));
  if (!chart.pinch) {
    return false;
  }
  const { from, view, moved } = chart.pinch;
  const to = [...chart.touches.values()];
  const { area } = view;
  const wide = spread(from, "px") >= spread(from, "py");
  const range = wide
    ? pinched(from, to, "px", [area.left, area.right]).map(view.xAt)
    : pinched(from, to, "py", [area.bottom, area.top]).map(view.yAt);
  if (range[0] < range[1]) {
    chart.pinch.moved = true;
    wide ? zoomX(chart, range, moved) : chart.group.zoomTo(chart, null, range, moved);
  }
  return true;
}

export function onTouchUp(chart, event) {
  chart.touches.delete(event.pointerId);
  if (chart.touches.size < 2) {
    chart.pinch = null;
  }
}

function place(chart, event) {
  const box = chart.canvas.getBoundingClientRect();
  return { px: event.clientX - box.left, py: event.clientY - box.top };
}

function spread([a, b], way) {
  return Math.abs(a[way] - b[way]);
}

/** Where, in pixels of the picture at the start, the edges are now: what was below each finger stays there. */
function pinched(from, to, way, edges) {
  const sign = from[0][way] <= from[1][way] ? 1 : -1;
  const before = Math.max(LEAST, spread(from, way));
  const after = Math.max(LEAST, sign * (to[1][way] - to[0][way]));
  const middle = (fingers) => (fingers[0][way] + fingers[1][way]) / 2;
  return edges.map((edge) => middle(from) + ((edge - middle(to)) * before) / after);
}
