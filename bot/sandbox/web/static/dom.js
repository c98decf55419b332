// Builds the page's elements. Text only ever becomes text: nothing here, or anywhere, parses markup of others.

const LISTENER = /^on[a-z]+$/;

// el("button", {class: "quiet", onclick}, "Send"): properties, then children (nodes, texts, lists; null is left out).
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (LISTENER.test(name)) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name in node && typeof value !== "string") node[name] = value;
    else node.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
  }
  node.append(...flat(children));
  return node;
}

export function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

export function byId(id) {
  return document.getElementById(id);
}

// A link that can only lead where links may lead; anything else stays text.
export function link(url, children, properties = {}) {
  if (!/^(https?|mailto|tel):/i.test(url)) return el("span", {}, children);
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer", ...properties }, children);
}

export function toast(text, kind = "error") {
  const gone = () => note.remove();
  const note = el("div", { class: `toast ${kind}` }, el("span", {}, text),
    el("button", { class: "icon", type: "button", "aria-label": "Dismiss", onclick: gone }, "×"));
  byId("toasts").append(note);
  setTimeout(gone, kind === "error" ? 12000 : 3500);
}

export function debounced(milliseconds, act) {
  let timer = 0;
  const later = (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), milliseconds);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

// What is remembered in this browser; a browser that forbids it forgets.
export const memory = {
  get(name) {
    try { return localStorage.getItem(`sandbox.${name}`); } catch { return null; }
  },
  set(name, value) {
    try { localStorage.setItem(`sandbox.${name}`, value); } catch { /* it forgets */ }
  },
};

// Where the focus stands inside a node, told so that it is found again after the node was made anew.
export function focusKey(root) {
  const at = document.activeElement;
  return at && root.contains(at) && at.dataset ? at.dataset.key || null : null;
}

export function focusAgain(root, key) {
  if (!key) return false;
  const found = [...root.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key);
  if (found) found.focus({ preventScroll: true });
  return Boolean(found);
}

let counter = 0;
export function freshId(name) {
  counter += 1;
  return `${name}-${counter}`;
}
