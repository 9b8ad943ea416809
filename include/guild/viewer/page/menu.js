// menu.js - a button that opens a list of actions; arrows move in it, Escape closes it.

import { h, icon } from "./dom.js";

/** items: [[text, action, key]]; `picture`: an icon's name or the text of the button. */
export function menu(title, picture, items) {
  const list = h("div", { class: "menu-list", role: "menu", hidden: true });
  const button = h(
    "button",
    {
      class: "quiet" + (picture.isIcon ? " square" : ""),
      type: "button",
      title,
      "aria-label": title,
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      onclick: () => toggle(list.hidden),
    },
    picture.isIcon ? icon(picture.name) : picture,
  );
  const box = h("div", { class: "menu" }, button, list);
  const away = (event) => box.contains(event.target) || toggle(false);
  const toggle = (open) => {
    list.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    document[open ? "addEventListener" : "removeEventListener"]("pointerdown", away);
    if (open) {
      list.replaceChildren(...items.map((item) => entry(item, () => toggle(false))));
      list.firstElementChild.focus();
    }
  };
  box.addEventListener("keydown", (event) =>
    onKey(event, list, () => {
      toggle(false);
      button.focus();
    }),
  );
  return box;
}

function entry([text, action, key], close) {
  return h(
    "button",
    {
      class: "menu-item",
      role: "menuitem",
      type: "button",
      onclick: () => {
        close();
        action();
      },
    },
    h("span", {}, text),
    key ? h("kbd", {}, key) : null,
  );
}

function onKey(event, list, close) {
  if (list.hidden) {
    return;
  }
  const entries = [...list.children];
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by) {
    entries[(entries.indexOf(document.activeElement) + by + entries.length) % entries.length].focus();
  } else if (event.key === "Escape") {
    close();
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}
