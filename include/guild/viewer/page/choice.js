// choice.js - the runs that are chosen: their order gives colours; hidden, pinned, baseline. Kept in the address.

import { isDark, lineColor } from "./palette.js";
import { joinList, linkOf, state } from "./state.js";

const MAX_CHOSEN = 100;

export const choice = {
  list: () => state.list("runs"),
  has: (id) => choice.list().includes(id),
  hidden: () => state.list("hide"),
  pinned: () => state.list("pin"),
  baseline: () => state.get("base"),

  set(ids) {
    state.set({ runs: joinList(ids.slice(0, MAX_CHOSEN)) });
  },

  toggle(id) {
    const ids = choice.list();
    choice.set(ids.includes(id) ? ids.filter((each) => each !== id) : [...ids, id]);
  },

  flip(name, id) {
    const ids = state.list(name);
    state.set({ [name]: joinList(ids.includes(id) ? ids.filter((each) => each !== id) : [...ids, id]) });
  },

  flipBaseline(id) {
    state.set({ base: choice.baseline() === id ? null : id });
  },

  /** The colour of a chosen run; null of others. */
  color(id) {
    const at = choice.list().indexOf(id);
    return at < 0 ? null : lineColor(at, isDark());
  },

  /** The query that takes the choice along to another page. */
  query() {
    return linkOf(
      new URLSearchParams(["runs", "hide", "pin", "base"].filter((name) => state.get(name)).map((name) => [name, state.get(name)])),
    );
  },
};
