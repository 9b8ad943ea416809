// line_diff.js - the differences of two lists of lines, by Myers' algorithm. Pure.

const MAX_EDITS = 2000;

/** [{kind: "same" | "old" | "new", text}]; lists that differ too much come as all old, then all new. */
export function diffLines(a, b) {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) {
    head += 1;
  }
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) {
    tail += 1;
  }
  const same = (lines) => lines.map((text) => ({ kind: "same", text }));
  return [
    ...same(a.slice(0, head)),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...same(tail ? a.slice(-tail) : []),
  ];
}

function middle(a, b) {
  const trace = edits(a, b);
  if (!trace) {
    return [...a.map((text) => ({ kind: "old", text })), ...b.map((text) => ({ kind: "new", text }))];
  }
  const out = [];
  let [x, y] = [a.length, b.length];
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const before = trace[d];
    const k = x - y;
    const down = k === -d || (k !== d && (before.get(k - 1) ?? -1) < (before.get(k + 1) ?? -1));
    const k0 = down ? k + 1 : k - 1;
    const x0 = d === 0 ? 0 : before.get(k0);
    const y0 = d === 0 ? 0 : x0 - k0;
    while (x > x0 && y > y0) {
      out.push({ kind: "same", text: a[x - 1] });
      x -= 1;
      y -= 1;
    }
    if (d > 0) {
      out.push(down ? { kind: "new", text: b[y - 1] } : { kind: "old", text: a[x - 1] });
    }
    [x, y] = [x0, y0];
  }
  return out.reverse();
}

/** The furthest reach of each diagonal before each edit; null after too many. */
function edits(a, b) {
  const reach = new Map([[1, 0]]);
  const trace = [];
  for (let d = 0; d <= Math.min(MAX_EDITS, a.length + b.length); d += 1) {
    trace.push(new Map(reach));
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1)) ? reach.get(k + 1) : reach.get(k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) {
        x += 1;
      }
      reach.set(k, x);
      if (x >= a.length && x - k >= b.length) {
        return trace;
      }
    }
  }
  return null;
}
