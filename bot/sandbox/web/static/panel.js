// "What happens": every call of the app, every payload for it, and the switches that let things go wrong.

import { byId, debounced, el } from "./dom.js";
import { timeSeconds } from "./dates.js";
import { act, fetched, on, store } from "./store.js";

const KEPT = 300;
const SPEEDS = [1, 2, 5, 10, 20, 50];
const rows = new Map();
let list = null;
let bot = null;
let switches = null;
let speed = null;

function duration(seconds) {
  return seconds >= 1 ? `${seconds.toFixed(1)} s` : `${Math.max(1, Math.round(seconds * 1000))} ms`;
}

// -- what happened ----------------------------------------------------------------------------------------------------

function outcome(entry) {
  if (entry.what === "socket") return "";
  if (entry.waiting) return "waiting for the ack";
  if (entry.what === "delivery") return entry.ok ? "acked" : entry.error || "";
  return entry.ok ? "ok" : entry.error || String(entry.status);
}

const SIGNS = { call: ["←", "The app calls Slack"], delivery: ["→", "Slack tells the app"], socket: ["⇄", "Connection"] };

// Ids of people and channels as their names.
function named(text) {
  return text.replace(/\b[UCD][0-9A-F]{8,}\b/g, (id) => {
    const channel = store.channels.get(id);
    if (channel) return channel.kind === "dm" ? "direct message" : `#${channel.name}`;
    return store.people.get(id)?.real_name || id;
  });
}

function row(entry) {
  const [sign, meaning] = SIGNS[entry.what];
  const bad = entry.what !== "socket" && !entry.ok && !entry.waiting;
  const again = entry.attempts?.length > 1 ? ` · attempt ${entry.attempts.length}` : "";
  const summary = el("summary", {},
    el("span", { class: "sign", title: meaning }, sign),
    el("b", { class: "what" }, entry.name),
    el("span", { class: "outcome" }, outcome(entry) + again, entry.seconds ? el("small", {}, ` ${duration(entry.seconds)}`) : null),
    el("small", { class: "about" }, named(entry.about || "")), el("time", {}, timeSeconds(entry.at)),
    bad && entry.reason ? el("span", { class: "reason" }, entry.reason) : null);
  const node = el("details", { class: `happening ${entry.what} ${bad ? "bad" : ""} ${entry.waiting ? "waits" : ""}` }, summary);
  if (entry.what !== "socket") node.addEventListener("toggle", () => node.open && showDetails(node, entry), { once: true });
  return node;
}

async function showDetails(node, entry) {
  const found = await fetched(`/api/happening/${encodeURIComponent(entry.id)}`);
  for (const [title, value] of Object.entries(found || { gone: "It is not kept any more." })) {
    node.append(el("div", { class: "wire" }, el("b", {}, title), el("pre", {}, JSON.stringify(value, null, 2))));
  }
}

export function add(entry) {
  if (!list) return;
  const old = rows.get(entry.id);
  const node = row(entry);
  rows.set(entry.id, node);
  if (old) {
    const open = old.open;
    const focused = old.contains(document.activeElement);
    old.replaceWith(node);
    node.open = open;
    if (focused) node.querySelector("summary").focus();
  } else list.prepend(node);
  while (list.children.length > KEPT) list.lastChild.remove();
  if (rows.size > 4 * KEPT) for (const [id, one] of rows) if (!one.isConnected) rows.delete(id);
}

// -- switches ---------------------------------------------------------------------------------------------------------

function switchRow(one) {
  const input = el("input", {
    type: "checkbox", role: "switch", checked: one.on, "data-key": one.name,
    onchange: () => act("switch", { name: one.name, on: input.checked }),
  });
  return el("label", { class: "switch" }, input, el("span", {}, one.label, el("small", {}, one.explanation)));
}

export function showControls() {
  const toggle = byId("open-panel");
  const faults = store.controls.switches.filter((one) => one.on).length;
  toggle.dataset.faults = faults ? String(faults) : "";
  byId("page").dataset.bot = store.controls.bot;
  if (!list) return;
  for (const one of store.controls.switches) {
    const known = switches.querySelector(`[data-key="${CSS.escape(one.name)}"]`);
    if (known) known.checked = one.on;
    else switches.append(switchRow(one));
  }
  bot.textContent = { running: "The bot runs", starting: "The bot is starting…", stopped: "The bot is stopped" }[store.controls.bot] || store.controls.bot;
  bot.dataset.state = store.controls.bot;
  const now = String(store.controls.speed);
  if (![...speed.options].some((one) => one.value === now)) speed.append(el("option", { value: now }, `${now}×`));
  speed.value = now;
}

function build(place, close) {
  bot = el("span", { class: "bot-state", role: "status" });
  switches = el("div", { class: "switches" });
  speed = el("select", { class: "field", "aria-label": "Speed of the agents", onchange: () => act("speed", { value: Number(speed.value) }) },
    SPEEDS.map((one) => el("option", { value: String(one) }, `${one}×`)));
  list = el("div", { class: "happenings" });
  const button = (text, action, danger = "") => el("button", { class: `button ${danger}`, type: "button", onclick: () => act(action) }, text);
  place.replaceChildren(
    el("header", {}, el("h2", {}, "What happens"), el("button", { class: "icon", type: "button", "aria-label": "Close this panel", onclick: close }, "✕")),
    el("div", { class: "panel-body" },
      el("section", { "aria-label": "The bot" }, el("div", { class: "row" }, bot),
        el("div", { class: "row" }, button("Restart", "restart"), button("Kill -9", "kill", "danger"), el("label", { class: "speed" }, "Speed ", speed))),
      el("details", { class: "faults" }, el("summary", {}, "Let something fail"), switches),
      el("section", { "aria-label": "Between Slack and the bot" },
        el("p", { class: "muted small" }, "← the bot calls Slack · → Slack tells the bot. Newest first; open one to see what went over the wire."), list)));
}

export function showPanel(open, close) {
  const place = byId("panel");
  if (open && !list) {
    build(place, close);
    for (const entry of store.happenings) add(entry);
  }
  place.hidden = !open;
  showControls();
}

on("happening", (entry) => {
  store.happenings.push(entry);
  if (store.happenings.length > KEPT) store.happenings.splice(0, store.happenings.length - KEPT);
  add(entry);
});
on("controls", showControls);
on("filled", debounced(0, showControls));
