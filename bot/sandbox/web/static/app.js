// Puts the page together: what is open, who one is, and what happens when something changes.

import { byId, debounced, el, memory } from "./dom.js";
import { Composer } from "./composer.js";
import { showHelp } from "./dialogs.js";
import { openHome, showHome } from "./home.js";
import { MessageList } from "./list.js";
import { showModals } from "./modal.js";
import { showControls, showPanel } from "./panel.js";
import { showPersons, showPlaces } from "./sidebar.js";
import { act, become, isReply, messagesOf, name, on, store } from "./store.js";
import { brief } from "./text.js";
import { edit, linked } from "./toolbar.js";

const EXAMPLE = "/coder-task create fix the flaky login test";
const SMALL = matchMedia("(max-width: 800px)");
const at = { channel: "", thread: "", tab: "messages", panel: memory.get("panel") === "open" && !SMALL.matches };

const list = new MessageList(byId("scroll"), byId("messages"), { openThread: (message, focus) => openThread(message, focus) });
let threadList = null;
let composer = null;
let threadComposer = null;

const channelNow = () => store.channels.get(at.channel);
const inChannel = (message) => !isReply(message) || message.broadcast;
const inThread = (message) => at.thread && (message.ts === at.thread || message.thread_ts === at.thread);

// -- where one is: #/CHANNEL/THREAD or #/CHANNEL/home -------------------------------------------------------------------

function go(channel, thread = "") {
  const hash = `#/${channel}${thread ? `/${thread}` : ""}`;
  if (location.hash === hash) route();
  else location.hash = hash;
}

function route() {
  const [, channel, rest] = location.hash.split("/");
  const channels = [...store.channels.values()];
  const wanted = store.channels.get(channel) || channels.find((one) => one.id === memory.get("channel")) || channels.find((one) => one.kind !== "dm") || channels[0];
  if (!wanted) return;
  const tab = rest === "home" && wanted.is_app && store.appCan.home ? "home" : "messages";
  const moved = wanted.id !== at.channel || tab !== at.tab;
  at.channel = wanted.id;
  at.tab = tab;
  memory.set("channel", wanted.id);
  if (moved || !composer) openChannel(wanted);
  showThread(rest && rest !== "home" ? rest : "");
  showPlaces(at.channel);
}

function openChannel(channel) {
  const label = channel.is_app ? name(store.app) : `#${channel.name}`;
  byId("place-name").textContent = channel.is_app ? label : `# ${channel.name}`;
  const others = channel.members.length;
  byId("place-about").textContent = channel.is_app ? "App" : `${others} members${channel.members.includes(store.app) ? "" : ` · ${name(store.app)} is not here`}${channel.topic ? ` · ${channel.topic}` : ""}`;
  showTabs(channel);
  const home = at.tab === "home";
  byId("home-tab").hidden = !home;
  byId("messages-tab").hidden = home;
  small(false);
  if (home) return openHome();
  byId("intro").replaceChildren(...intro(channel));
  list.open([...messagesOf(channel.id).values()].filter(inChannel), store.reads[channel.id] || "0");
  composer = new Composer(byId("composer"), { channel: channel.id, label: `Message ${label}`, editLast: () => editLast(list) });
  if (!SMALL.matches && !document.activeElement?.closest("#sidebar, dialog")) composer.field.focus();
  showHint();
  if (channel.is_app) act("open_home", { tab: "messages" }); // Slack tells the app of this too
  return markRead();
}

// What stands above the first message.
function intro(channel) {
  const app = name(store.app);
  if (channel.is_app) return [el("h2", {}, app), el("p", {}, `This is your direct message with ${app}. Nobody else sees it.`)];
  const here = channel.members.includes(store.app);
  const words = here ? `${app} is here: type / to see what it can do.` : `${app} is not here. Bring it in with /invite @${store.people.get(store.app)?.name}.`;
  return [el("h2", {}, `# ${channel.name}`), el("p", {}, `This is the very beginning of the #${channel.name} channel. ${words}`)];
}

function showTabs(channel) {
  const place = byId("tabs");
  place.hidden = !channel.is_app || !store.appCan.home;
  const tab = (id, label) => el("a", {
    role: "tab", href: `#/${channel.id}${id === "home" ? "/home" : ""}`, "aria-selected": String(at.tab === id), class: "tab", "data-key": `tab ${id}`,
  }, label);
  if (!place.hidden) place.replaceChildren(tab("home", "Home"), tab("messages", "Messages"));
}

function editLast(where) {
  const mine = where.order.filter((ts) => where.byTs.get(ts).user === store.me);
  const ts = mine[mine.length - 1];
  if (ts && where.nodes.has(ts)) edit(where.byTs.get(ts), where.nodes.get(ts), where);
}

// -- the thread -------------------------------------------------------------------------------------------------------

function openThread(message, focus = false) {
  go(message.channel, isReply(message) ? message.thread_ts : message.ts);
  if (focus) setTimeout(() => threadComposer?.field.focus());
}

function showThread(ts) {
  const place = byId("thread");
  const root = ts ? messagesOf(at.channel).get(ts) : null;
  byId("page").classList.toggle("with-thread", Boolean(root));
  if (!root) {
    at.thread = "";
    place.hidden = true;
    place.replaceChildren();
    threadList = null;
    return;
  }
  if (at.thread === ts && threadList) return;
  at.thread = ts;
  const scroll = el("div", { class: "scroll", tabindex: "-1" });
  const messages = el("ol", { class: "messages", "aria-label": "Messages in the thread" });
  const box = el("div", { class: "composer-place" });
  const where = channelNow();
  scroll.append(messages);
  place.replaceChildren(el("header", {}, el("h2", {}, "Thread"), el("span", { class: "muted" }, where.is_app ? name(store.app) : `# ${where.name}`), el("span", { class: "grow" }),
    el("button", { class: "icon", type: "button", "aria-label": "Close the thread", onclick: closeThread }, "✕")), scroll, box);
  place.hidden = false;
  threadList = new MessageList(scroll, messages, { inThread: true });
  threadList.open([...messagesOf(at.channel).values()].filter(inThread));
  threadComposer = new Composer(box, { channel: at.channel, thread: ts, label: "Reply…", editLast: () => editLast(threadList) });
  place.setAttribute("aria-label", "Thread");
}

function closeThread() {
  const ts = at.thread;
  go(at.channel);
  list.nodes.get(ts)?.focus({ preventScroll: true });
}

// -- what changes -------------------------------------------------------------------------------------------------------

const markRead = debounced(250, () => {
  if (document.visibilityState !== "visible" || at.tab !== "messages" || !list.stuck) return;
  const last = [...messagesOf(at.channel).keys()].pop();
  if (last && last > (store.reads[at.channel] || "0")) act("read", { channel: at.channel, ts: last });
});
// Not while somebody presses a link there: on another element than it began on, a click is none.
const places = debounced(30, () => (document.querySelector("#places a:active") ? places() : showPlaces(at.channel)));

function announce(message) {
  const seen = message.channel === at.channel && (inChannel(message) || inThread(message));
  if (!seen || message.user === store.me) return;
  byId("live").textContent = `${name(message.user)}${message.is_ephemeral ? ", only to you" : ""}: ${brief(message).slice(0, 200)}`;
}

on("filled", () => {
  at.thread = "";
  composer = null;
  showPersons(switchTo);
  route();
  showModals();
});
on("message", ({ message, fresh }) => {
  if (message.channel === at.channel) {
    if (inChannel(message)) list.put(message);
    if (inThread(message)) threadList?.put(message);
    if (fresh) markRead();
  }
  if (fresh) announce(message);
  places();
  if (!byId("hint").hidden) showHint();
});
on("removed", (message) => {
  if (message.channel === at.channel) {
    list.drop(message.ts);
    threadList?.drop(message.ts);
    if (message.ts === at.thread) closeThread();
  }
  places();
});
on("channels", () => {
  const channel = channelNow();
  if (channel) byId("place-about").textContent = channel.is_app ? "App" : `${channel.members.length} members${channel.members.includes(store.app) ? "" : ` · ${name(store.app)} is not here`}`;
  if (!channel) route();
  else byId("intro").replaceChildren(...intro(channel));
  places();
  showHint();
});
on("read", places);
on("modals", showModals);
on("home", () => at.tab === "home" && showHome());
on("told", (told) => caption(told));

let captionTimer = 0;
function caption({ what, text, user }) {
  const place = byId("caption");
  const words = { typed: `${name(user)} types ${text}`, pressed: `${name(user)} presses “${text}”` }[what] || text;
  place.textContent = words.trim();
  place.hidden = false;
  clearTimeout(captionTimer);
  captionTimer = setTimeout(() => { place.hidden = true; }, 7000);
}

// -- the rest of the page -----------------------------------------------------------------------------------------------

function showHint() {
  const channel = channelNow();
  const place = byId("hint");
  const used = [...store.messages.values()].some((all) => [...all.values()].some((one) => one.user === store.app));
  place.hidden = used || memory.get("hint") === "gone" || !channel?.members.includes(store.app) || !store.appCan.commands.length;
  if (place.hidden) return;
  const gone = () => {
    memory.set("hint", "gone");
    place.hidden = true;
  };
  place.replaceChildren(el("span", {}, "New here? Try ", el("button", { class: "linkish", type: "button", onclick: () => composer.fill(EXAMPLE) }, el("code", {}, EXAMPLE)), " and press Enter."),
    el("button", { class: "icon", type: "button", "aria-label": "Dismiss the hint", onclick: gone }, "×"));
}

function switchTo(person) {
  const url = new URL(location.href);
  url.searchParams.set("as", person);
  history.replaceState(null, "", url);
  become(person);
}

function theme(choice) {
  document.documentElement.dataset.theme = choice;
  byId("theme").setAttribute("aria-label", `Theme: ${choice === "auto" ? "as the system" : choice}`);
  byId("theme").textContent = { auto: "◐", light: "☀", dark: "☾" }[choice];
}

function small(open) {
  byId("page").classList.toggle("with-sidebar", open);
  byId("open-sidebar").setAttribute("aria-expanded", String(open));
}

function panel(open) {
  at.panel = open;
  memory.set("panel", open ? "open" : "closed");
  byId("open-panel").setAttribute("aria-expanded", String(open));
  byId("page").classList.toggle("with-panel", open);
  showPanel(open, () => {
    panel(false);
    byId("open-panel").focus();
  });
}

function nextPart(back) {
  const parts = [byId("sidebar").querySelector("[aria-current]"), composer?.field, at.thread && threadComposer?.field, at.panel && byId("panel").querySelector("button")].filter(Boolean);
  const now = parts.findIndex((one) => one.closest("nav, main, aside")?.contains(document.activeElement));
  parts[(now + (back ? -1 : 1) + parts.length) % parts.length]?.focus();
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches?.("input, textarea, select");
  if (event.key === "F6") {
    event.preventDefault();
    nextPart(event.shiftKey);
  } else if (event.key === "?" && !typing && !document.querySelector("dialog[open]")) showHelp();
  else if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
    if (byId("page").classList.contains("with-sidebar")) small(false);
    else if (at.thread && byId("thread").contains(event.target)) closeThread();
  }
});
document.addEventListener("click", (event) => {
  const anchor = event.target.closest?.("a[href]");
  const target = anchor && linked(anchor.href);
  if (target && store.channels.has(target.channel)) {
    event.preventDefault();
    go(target.channel, target.thread || (messagesOf(target.channel).get(target.ts)?.reply_count ? target.ts : ""));
    setTimeout(() => (target.thread ? threadList?.show(target.ts) : list.show(target.ts)), 50);
  }
  if (byId("page").classList.contains("with-sidebar") && !event.target.closest("#sidebar, #open-sidebar")) small(false);
});
document.addEventListener("visibilitychange", markRead);
byId("scroll").addEventListener("scroll", markRead, { passive: true });
byId("open-help").addEventListener("click", showHelp);
byId("open-panel").addEventListener("click", () => panel(!at.panel));
byId("open-sidebar").addEventListener("click", () => {
  small(true);
  byId("sidebar").querySelector("[aria-current]")?.focus();
});
byId("theme").addEventListener("click", () => {
  const next = { auto: "dark", dark: "light", light: "auto" }[document.documentElement.dataset.theme];
  memory.set("theme", next);
  theme(next);
});
addEventListener("hashchange", route);

theme(memory.get("theme") || "auto");
panel(at.panel);
showControls();
await become(new URL(location.href).searchParams.get("as") || "");
