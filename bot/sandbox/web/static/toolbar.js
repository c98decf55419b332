// What a message offers: reactions, its thread, the menu with shortcuts, copying its link, editing and deleting it.

import { el, memory, toast } from "./dom.js";
import { confirmed } from "./dialogs.js";
import { EMOJI, QUICK, emojiNode } from "./emoji.js";
import { closePopover, menu, popover } from "./popover.js";
import { act, name, store } from "./store.js";
import { decoded } from "./text.js";

const SHOWN = 72;

export function permalink(message) {
  const reply = message.thread_ts && message.thread_ts !== message.ts;
  const thread = reply ? `?thread_ts=${message.thread_ts}&cid=${message.channel}` : "";
  return `https://${store.teamDomain}.slack.com/archives/${message.channel}/p${message.ts.replace(".", "")}${thread}`;
}

// The message that a link leads to, if it is one of this Slack's.
export function linked(url) {
  const found = /^https:\/\/([\w-]+)\.slack\.com\/archives\/(\w+)\/p(\d{10})(\d{6})(?:\?thread_ts=([\d.]+))?/.exec(url);
  return found && found[1] === store.teamDomain ? { channel: found[2], ts: `${found[3]}.${found[4]}`, thread: found[5] } : null;
}

// A small window with emoji to choose from.
export function pickEmoji(anchor, pick) {
  const grid = el("div", { class: "emoji-grid", role: "group", "aria-label": "Emoji" });
  const search = el("input", { type: "text", placeholder: "Search emoji", "aria-label": "Search emoji", autocomplete: "off" });
  const show = () => {
    const wanted = search.value.trim().replaceAll(" ", "_").toLowerCase();
    const all = [...new Set([...(memory.get("emoji") || "").split(" ").filter((one) => EMOJI[one]), ...QUICK, ...Object.keys(EMOJI)])];
    grid.replaceChildren(...all.filter((one) => one.includes(wanted)).slice(0, SHOWN).map((one) => el("button", {
      type: "button", class: "icon", title: `:${one}:`, "aria-label": one.replaceAll("_", " "),
      onclick: () => {
        memory.set("emoji", [...new Set([one, ...(memory.get("emoji") || "").split(" ")])].slice(0, 6).join(" "));
        closePopover();
        pick(one);
      },
    }, emojiNode(one))));
  };
  search.addEventListener("input", show);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") grid.querySelector("button")?.click();
  });
  show();
  popover(anchor, el("div", { class: "emoji-picker", role: "dialog", "aria-label": "Choose an emoji" }, search, grid), { focus: search });
}

function react(message, one) {
  const mine = message.reactions?.find((other) => other.name === one)?.users.includes(store.me);
  return act(mine ? "unreact" : "react", { channel: message.channel, ts: message.ts, name: one });
}

export function toolbar(message, node, list) {
  const current = () => list.byTs.get(message.ts) || message;
  const button = (label, sign, act_, more = {}) => {
    const made = el("button", { class: "icon", type: "button", "aria-label": label, title: label, "data-key": `bar ${label}`, onclick: () => act_(made), ...more }, sign);
    return made;
  };
  const popup = { "aria-haspopup": "true", "aria-expanded": "false" };
  return el("div", { class: "toolbar", role: "toolbar", "aria-label": "Message actions" },
    button("React with a check mark", "✅", () => react(current(), "white_check_mark")),
    button("React with eyes", "👀", () => react(current(), "eyes")),
    button("Add reaction", "☺", (anchor) => pickEmoji(anchor, (one) => react(current(), one)), popup),
    list.inThread ? null : button("Reply in thread", "💬", () => list.openThread?.(current(), true)),
    button("More actions", "⋮", (anchor) => menu(anchor, "More actions", entries(current(), node, list)), popup));
}

function entries(message, node, list) {
  const shortcuts = store.appCan.shortcuts.filter((one) => one.type === "message");
  const own = message.user === store.me;
  return [
    ...shortcuts.map((one) => ({
      label: one.name, about: name(store.app),
      act: () => act("shortcut", { callback_id: one.callback_id, channel: message.channel, ts: message.ts }),
    })),
    shortcuts.length ? null : undefined,
    list.inThread ? undefined : { label: "Reply in thread", act: () => list.openThread?.(message, true) },
    { label: "Copy link", act: () => copy(permalink(message)) },
    own ? { label: "Edit message", act: () => edit(message, node, list) } : undefined,
    own ? { label: "Delete message…", danger: true, act: () => remove(message) } : undefined,
  ].filter((one) => one !== undefined);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("The link is copied.", "info");
  } catch {
    toast(text, "info");
  }
}

async function remove(message) {
  const sure = await confirmed({
    title: "Delete message", text: { type: "plain_text", text: "Are you sure you want to delete this message? This cannot be undone." },
    confirm: "Delete", deny: "Cancel", style: "danger",
  });
  if (sure) act("delete", { channel: message.channel, ts: message.ts });
}

// What was typed, out of what is stored.
function typedText(text) {
  const plain = text.replace(/<@([^|>]+)(?:\|[^>]*)?>/g, (_, id) => `@${store.people.get(id)?.name || id}`)
    .replace(/<#([^|>]+)\|?([^>]*)>/g, (_, id, label) => `#${store.channels.get(id)?.name || label || id}`)
    .replace(/<(https?:[^|>]+)(?:\|[^>]*)?>/g, "$1");
  return decoded(plain);
}

export function edit(message, node, list) {
  const place = node.querySelector(".said");
  if (!place || node.dataset.editing) return;
  node.dataset.editing = "yes";
  const field = el("textarea", { class: "field", rows: "3", "aria-label": "Edit message" });
  field.value = typedText(message.text);
  const done = () => {
    delete node.dataset.editing;
    list.refresh(node, list.byTs.get(message.ts) || message);
    node.focus({ preventScroll: true });
  };
  const save = async () => {
    const text = field.value.trim();
    if (text && text !== typedText(message.text) && !(await act("edit", { channel: message.channel, ts: message.ts, text })).ok) return;
    done();
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") done();
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      save();
    }
  });
  place.replaceChildren(el("div", { class: "editing" }, field, el("div", { class: "row end" },
    el("button", { class: "button", type: "button", onclick: done }, "Cancel"),
    el("button", { class: "button primary", type: "button", onclick: save }, "Save"))));
  field.focus();
}
