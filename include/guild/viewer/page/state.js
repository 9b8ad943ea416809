// state.js - the state of a page in its address, so that a copied link gives the same view.

let seen = { text: null, query: null, lists: null };

/** The query, read again only when the address changed: a table asks for each of its cells. */
function current() {
  if (seen.text !== location.search) {
    seen = { text: location.search, query: new URLSearchParams(location.search), lists: new Map() };
  }
  return seen;
}

/** The query of the address as values; null and empty ones are left out. */
export const state = {
  get(name, fallback = "") {
    const value = current().query.get(name);
    return value === null ? fallback : value;
  },

  all(name) {
    return current().query.getAll(name);
  },

  /** A list in one value: names joined by commas, each escaped. */
  list(name) {
    const { lists } = current();
    if (!lists.has(name)) {
      lists.set(name, this.get(name).split(",").filter(Boolean).map(decoded));
    }
    return lists.get(name);
  },

  /** Changes some values; `push` makes a step of the browser's history. */
  set(changes, push = false) {
    const query = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
      query.delete(name);
      const values = Array.isArray(value) ? value : [value];
      values
        .filter((each) => each !== null && each !== undefined && each !== "" && each !== false)
        .forEach((each) => query.append(name, each === true ? "1" : String(each)));
    }
    const address = location.pathname + linkOf(query);
    if (address !== location.pathname + location.search) {
      history[push ? "pushState" : "replaceState"](null, "", address);
    }
  },
};

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch (_) {
    return text; // typed by hand
  }
}

/** Names as one value that state.list() reads. */
export function joinList(names) {
  return names.map(encodeURIComponent).join(",");
}

/** "?a=b", or nothing; commas and colons stay readable. */
export function linkOf(query) {
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%2F", "/");
  return text === "" ? "" : "?" + text;
}

/** Keeps what a person chose on this machine, for theme.js; storage may be forbidden. */
export function remember(name, value) {
  try {
    localStorage.setItem("guild-" + name, value);
  } catch (_) {
    // Without storage the choice lasts as long as the page.
  }
}
