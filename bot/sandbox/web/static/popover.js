// Small layers above the page: menus, lists to choose from, the emoji picker. One at a time; Escape closes it.

import { el, focusAgain, freshId } from "./dom.js";

let open = null;

// Show a node beside its anchor; the focus goes back there when it closes.
export function popover(anchor, node, { onclose = null, focus = null, width = 0 } = {}) {
  closePopover({ refocus: false });
  const layer = anchor.closest("dialog") || document.body;
  const root = anchor.closest("[data-ts], dialog, section, aside") || document;
  node.classList.add("popover");
  if (width) node.style.minWidth = `${width}px`;
  layer.append(node);
  open = { anchor, node, onclose, root, key: anchor.dataset.key };
  anchor.setAttribute("aria-expanded", "true");
  place();
  (focus || node).focus({ preventScroll: true });
  return open;
}

export function closePopover({ refocus = true } = {}) {
  if (!open) return;
  const { anchor, node, onclose, root, key } = open;
  open = null;
  anchor.setAttribute("aria-expanded", "false");
  node.remove();
  if (refocus) {
    if (anchor.isConnected) anchor.focus({ preventScroll: true });
    else focusAgain(root.isConnected ?? true ? root : document, key);
  }
  onclose?.();
}

export function isOpenAt(anchor) {
  return open?.anchor === anchor;
}

export function place() {
  if (!open) return;
  const box = (open.anchor.isConnected ? open.anchor : open.node).getBoundingClientRect();
  const own = open.node.getBoundingClientRect();
  const below = box.bottom + 4 + own.height <= innerHeight;
  const top = below ? box.bottom + 4 : Math.max(8, box.top - own.height - 4);
  open.node.style.top = `${Math.min(top, Math.max(8, innerHeight - own.height - 8))}px`;
  open.node.style.left = `${Math.max(8, Math.min(box.left, innerWidth - own.width - 8))}px`;
}

document.addEventListener("pointerdown", (event) => {
  if (open && !open.node.contains(event.target) && !open.anchor.contains(event.target)) closePopover({ refocus: false });
}, true);
document.addEventListener("keydown", (event) => {
  if (open && event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    closePopover();
  } else if (open && event.key === "Tab" && open.node.getAttribute("role") === "menu") closePopover();
}, true);
addEventListener("resize", () => closePopover({ refocus: false }));
document.addEventListener("scroll", (event) => {
  if (open && !open.node.contains(event.target)) place();
}, true);

// A menu: entries are {label, act, danger, href} or null for a line between them.
export function menu(anchor, label, entries) {
  if (isOpenAt(anchor)) {
    closePopover();
    return;
  }
  const items = [];
  const node = el("div", { class: "menu", role: "menu", "aria-label": label }, entries.map((entry) => {
    if (!entry) return el("div", { class: "line", role: "separator" });
    const pick = () => {
      closePopover();
      entry.act?.();
    };
    const item = el("button", {
      class: entry.danger ? "item danger" : "item", type: "button", role: "menuitem", tabindex: "-1", onclick: pick,
    }, entry.label, entry.about ? el("small", {}, entry.about) : null);
    items.push(item);
    return item;
  }));
  node.addEventListener("keydown", (event) => moveIn(items, event));
  popover(anchor, node, { focus: items[0] });
}

function moveIn(items, event) {
  const at = items.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (next !== undefined) {
    event.preventDefault();
    items[(next + items.length) % items.length].focus();
  } else if (event.key.length === 1) {
    const found = items.find((item) => item.textContent.toLowerCase().startsWith(event.key.toLowerCase()));
    found?.focus();
  }
}

// A list to choose from, with a field to search in it. `load(query)` gives groups of {label, about, key, item}.
export function choose(anchor, { label, load, isChosen, pick, delay = 0, many = false }) {
  if (isOpenAt(anchor)) {
    closePopover();
    return;
  }
  const listId = freshId("list");
  const input = el("input", {
    type: "text", role: "combobox", "aria-label": `Search: ${label}`, "aria-controls": listId, "aria-expanded": "true",
    "aria-autocomplete": "list", autocomplete: "off", placeholder: "Type to search", spellcheck: "false",
  });
  const list = el("div", { id: listId, class: "options", role: "listbox", "aria-label": label, "aria-multiselectable": many });
  const node = el("div", { class: "chooser" }, input, list);
  const state = { options: [], at: -1, asked: 0 };

  const activate = (index) => {
    state.options[state.at]?.node.classList.remove("active");
    state.at = index;
    const option = state.options[index];
    if (!option) return input.removeAttribute("aria-activedescendant");
    option.node.classList.add("active");
    option.node.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.node.id);
  };
  const take = (option) => {
    pick(option.item);
    if (!many) closePopover();
    else for (const one of state.options) one.node.setAttribute("aria-selected", String(isChosen(one.item)));
  };
  const show = (groups) => {
    state.options = [];
    const nodes = groups.flatMap((group) => [
      group.label ? el("div", { class: "group", role: "presentation" }, group.label) : null,
      ...group.options.map((option) => {
        const made = el("div", {
          id: freshId("option"), class: "option", role: "option", "aria-selected": String(isChosen(option.item)),
          onclick: () => take(option), onpointermove: () => activate(state.options.findIndex((one) => one.node === made)),
        }, el("span", {}, option.label), option.about ? el("small", {}, option.about) : null);
        state.options.push({ ...option, node: made });
        return made;
      }),
    ]).filter(Boolean);
    list.replaceChildren(...(nodes.length ? nodes : [el("div", { class: "none" }, "Nothing fits")]));
    state.at = -1;
    activate(state.options.length ? Math.max(0, state.options.findIndex((one) => isChosen(one.item))) : -1);
    place();
  };
  let timer = 0;
  const ask = async () => {
    const number = ++state.asked;
    const found = load(input.value);
    if (found instanceof Promise) list.replaceChildren(el("div", { class: "none" }, "Loading…"));
    const groups = await found;
    if (number === state.asked && node.isConnected) show(groups);
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, delay);
  });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && state.options.length) {
      event.preventDefault();
      activate((state.at + step + state.options.length) % state.options.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (state.options[state.at]) take(state.options[state.at]);
    } else if (event.key === "Tab") closePopover();
  });
  popover(anchor, node, { focus: input, width: anchor.getBoundingClientRect().width });
  ask();
}
