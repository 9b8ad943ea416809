// state.js - the state of a page in its address, so that a copied link gives the same view.

/** The query of the address as values; null and empty ones are left out. */
export const state = {
  get(name, fallback = "") {
    const value = new URLSearchParams(location.search).get(name);
    return value === null ? fallback : value;
  },

  all(name) {
    return new URLSearchParams(location.search).getAll(name);
  },

  /** A list in one value: names joined by commas, each escaped. */
  list(name) {
    return this.get(name).split(",").filter(Boolean).map(decoded);
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

/** What a person chose earlier on this machine; storage may be forbidden. */
export function remembered(name, fallback) {
  try {
    return localStorage.getItem("guild-" + name) ?? fallback;
  } catch (_) {
    return fallback;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem("guild-" + name, value);
  } catch (_) {
    // Without storage the choice lasts as long as the page.
  }
}
