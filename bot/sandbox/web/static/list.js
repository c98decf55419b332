// A list of messages, in a channel or a thread: only what changed is made anew, older ones come when they are looked for.

import { el, focusAgain, focusKey } from "./dom.js";
import { dayName, dayOf } from "./dates.js";
import { content } from "./message.js";
import { toolbar } from "./toolbar.js";
import { store } from "./store.js";

const AT_ONCE = 30;
const NEAR = 80;
const TOGETHER = 5 * 60;

export class MessageList {
  // `openThread(message)` shows a thread; `inThread` is set for the list in the thread pane.
  constructor(scroller, list, { openThread = null, inThread = false } = {}) {
    Object.assign(this, { scroller, list, openThread, inThread });
    this.byTs = new Map();
    this.nodes = new Map();
    this.order = [];
    this.from = 0;
    this.firstNew = "";
    this.stuck = true;
    this.jump = el("button", { class: "jump", type: "button", hidden: true, onclick: () => this.toEnd() }, "↓ New messages");
    scroller.append(this.jump);
    scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    new ResizeObserver(() => this.stuck && this.toEnd()).observe(list);
    new ResizeObserver(() => this.stuck && this.toEnd()).observe(scroller);
    for (const kind of ["pointerover", "focusin"]) list.addEventListener(kind, (event) => this.offer(event));
    list.addEventListener("keydown", (event) => this.walk(event));
  }

  // Show these messages, the newest in view; a line stands before the first that is newer than `since`.
  open(messages, since = null) {
    const sorted = [...messages].sort((one, other) => (one.ts < other.ts ? -1 : 1));
    this.byTs = new Map(sorted.map((one) => [one.ts, one]));
    this.order = sorted.map((one) => one.ts);
    this.nodes = new Map();
    this.from = Math.max(0, this.order.length - AT_ONCE);
    const news = since === null ? null : sorted.find((one) => one.ts > since && one.user !== store.me);
    this.firstNew = news && sorted[0] !== news ? news.ts : "";
    this.list.replaceChildren(...this.order.slice(this.from).map((ts) => this.make(ts)));
    for (let index = this.from; index < this.order.length; index += 1) this.decorate(index);
    this.showBeginning();
    this.toEnd();
  }

  // What stands above the first message is there when that message is.
  showBeginning() {
    const intro = this.list.previousElementSibling;
    if (intro) intro.hidden = this.from > 0;
  }

  put(message) {
    const known = this.byTs.get(message.ts);
    if (known && JSON.stringify(known) === JSON.stringify(message)) return;
    this.byTs.set(message.ts, message);
    const node = this.nodes.get(message.ts);
    if (node) this.refresh(node, message);
    if (known) return;
    let index = this.order.length;
    while (index > 0 && this.order[index - 1] > message.ts) index -= 1;
    this.order.splice(index, 0, message.ts);
    if (index < this.from) {
      this.from += 1;
      return;
    }
    this.list.insertBefore(this.make(message.ts), this.nodes.get(this.order[index + 1]) || null);
    this.decorate(index);
    this.decorate(index + 1);
    if (message.user === store.me || this.stuck) this.toEnd();
    else this.jump.hidden = false;
  }

  drop(ts) {
    const index = this.order.indexOf(ts);
    if (index < 0) return;
    const node = this.nodes.get(ts);
    const focused = node?.contains(document.activeElement);
    this.order.splice(index, 1);
    this.byTs.delete(ts);
    this.nodes.delete(ts);
    node?.remove();
    if (index < this.from) this.from -= 1;
    this.decorate(index);
    if (focused) this.nodes.get(this.order[Math.min(index, this.order.length - 1)])?.focus();
  }

  make(ts) {
    const message = this.byTs.get(ts);
    const node = el("li", { class: "message", tabindex: "-1", data: { ts, key: ts } });
    this.nodes.set(ts, node);
    node.append(el("div", { class: "before" }), ...this.parts(message));
    this.dress(node, message);
    return node;
  }

  parts(message) {
    return content(message, { openThread: () => this.openThread?.(message), inThread: this.inThread });
  }

  dress(node, message) {
    node.classList.toggle("is-private", Boolean(message.is_ephemeral));
    node.classList.toggle("from-app", Boolean(message.bot_id));
  }

  refresh(node, message) {
    if (node.dataset.editing) return;
    const key = node === document.activeElement ? null : focusKey(node);
    const bar = node.querySelector(":scope > .toolbar");
    node.replaceChildren(node.firstChild, ...this.parts(message), ...(bar ? [bar] : []));
    this.dress(node, message);
    if (key && !focusAgain(node, key)) node.focus({ preventScroll: true });
  }

  // What depends on the message before: a day's name, the line for new ones, and whether both read as one.
  decorate(index) {
    const ts = this.order[index];
    const node = this.nodes.get(ts);
    if (!node) return;
    const message = this.byTs.get(ts);
    const before = this.byTs.get(this.order[index - 1]);
    const day = !this.inThread && (!before || dayOf(before.ts) !== dayOf(ts));
    const first = ts === this.firstNew;
    const after = this.inThread && index === 1;
    node.firstChild.replaceChildren(...[
      day ? el("div", { class: "day" }, el("span", {}, dayName(ts))) : null,
      first ? el("div", { class: "new-line" }, el("span", {}, "New")) : null,
      after ? el("div", { class: "day left" }, el("span", {}, this.order.length === 2 ? "1 reply" : `${this.order.length - 1} replies`)) : null,
    ].filter(Boolean));
    node.classList.toggle("compact", Boolean(before) && !day && !first && !after && together(before, message));
    if (this.inThread && index > 1) this.decorate(1);
  }

  // -- looking around -----------------------------------------------------------------------------------------------

  toEnd() {
    this.stuck = true;
    this.jump.hidden = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  scrolled() {
    const left = this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight;
    this.stuck = left < NEAR;
    if (this.stuck) this.jump.hidden = true;
    if (this.scroller.scrollTop < 600) this.older();
  }

  older() {
    if (this.from === 0) return;
    const height = this.scroller.scrollHeight;
    const to = this.from;
    this.from = Math.max(0, this.from - AT_ONCE);
    this.list.prepend(...this.order.slice(this.from, to).map((ts) => this.make(ts)));
    for (let index = this.from; index <= to; index += 1) this.decorate(index);
    this.showBeginning();
    this.scroller.scrollTop += this.scroller.scrollHeight - height;
  }

  show(ts) {
    const index = this.order.indexOf(ts);
    if (index < 0) return false;
    while (index < this.from) this.older();
    const node = this.nodes.get(ts);
    this.stuck = false;
    node.scrollIntoView({ block: "center" });
    node.classList.add("shown");
    setTimeout(() => node.classList.remove("shown"), 2500);
    node.focus({ preventScroll: true });
    return true;
  }

  // -- what a message offers ------------------------------------------------------------------------------------------

  offer(event) {
    const node = event.target.closest?.("li.message");
    if (!node || node.lastChild?.classList?.contains("toolbar")) return;
    const message = this.byTs.get(node.dataset.ts);
    if (!message || message.is_ephemeral || message.subtype === "tombstone") return;
    const old = this.list.querySelector(".toolbar");
    if (old?.contains(document.activeElement) && event.type === "pointerover") return;
    old?.remove();
    node.append(toolbar(message, node, this));
  }

  walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.target !== event.target.closest("li.message")) return;
    event.preventDefault();
    const next = step > 0 ? event.target.nextElementSibling : event.target.previousElementSibling;
    next?.focus();
  }
}

function together(before, message) {
  if (message.bot_id || before.user !== message.user || before.is_ephemeral || message.is_ephemeral) return false;
  return Number(message.ts) - Number(before.ts) < TOGETHER && before.subtype !== "tombstone" && !message.broadcast;
}
