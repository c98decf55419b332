// One message: avatar, name, time, what it says, files, reactions, and the way to its thread.

import { el, link } from "./dom.js";
import { dayName, fullTime, time, timeSeconds } from "./dates.js";
import { showFile } from "./dialogs.js";
import { emojiNode } from "./emoji.js";
import { renderBlocks } from "./blocks.js";
import { act, isReply, name, store } from "./store.js";
import { mrkdwn } from "./text.js";

const COLOURS = 6;

export function avatar(userId, kind = "") {
  if (userId === store.app) return el("img", { class: `avatar ${kind}`, src: "/static/icon.svg", alt: "" });
  const words = name(userId).split(/\s+/);
  const letters = words.length > 1 ? words[0][0] + words[words.length - 1][0] : name(userId).slice(0, 2);
  const colour = Math.max(0, [...store.people.keys()].indexOf(userId)) % COLOURS;
  return el("span", { class: `avatar ${kind} colour-${colour}`, "aria-hidden": "true" }, letters.toUpperCase());
}

function messageHost(message) {
  return {
    place: { channel: message.channel, ts: message.ts },
    typed: (block, action) => message.typed?.[block]?.[action],
    keep() {},
    flush: async () => {},
  };
}

// -- the parts ------------------------------------------------------------------------------------------------------

function said(message) {
  const nodes = message.blocks?.length ? renderBlocks(message.blocks, messageHost(message)) : el("div", { class: "words" }, mrkdwn(message.text));
  const edited = message.edited && !message.bot_id ? el("small", { class: "edited" }, " (edited)") : null;
  return el("div", { class: "said" }, nodes, edited, (message.attachments || []).map((one) => attachment(one, message)));
}

function attachment(one, message) {
  const inside = one.blocks ? renderBlocks(one.blocks, messageHost(message)) : [
    one.pretext ? el("div", {}, mrkdwn(one.pretext)) : null,
    one.title ? el("b", {}, one.title_link ? link(one.title_link, one.title) : one.title) : null,
    el("div", { class: "words" }, mrkdwn(one.text || one.fallback || "")),
    (one.fields || []).map((field) => el("div", {}, el("b", {}, field.title), el("br"), mrkdwn(field.value))),
  ];
  const node = el("div", { class: "attachment" }, inside);
  if (/^#?[0-9a-f]{6}$/i.test(one.color || "")) node.style.borderColor = `#${one.color.replace("#", "")}`;
  return node;
}

function files(message) {
  return (message.files || []).map((file) => el("button", {
    class: "file", type: "button", "data-key": file.id, onclick: () => showFile(file), "aria-label": `Open ${file.name}`,
  }, el("span", { class: "file-sign", "aria-hidden": "true" }, "📄"), el("span", {}, el("b", {}, file.title || file.name), el("small", {}, size(file.size)))));
}

function size(bytes) {
  return bytes < 1000 ? `${bytes} bytes` : bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function reactions(message) {
  if (!message.reactions?.length) return null;
  return el("div", { class: "reactions" }, message.reactions.map((one) => {
    const mine = one.users.includes(store.me);
    const who = one.users.map(name).join(", ");
    return el("button", {
      class: "reaction", type: "button", "aria-pressed": String(mine), "data-key": `reaction ${one.name}`, title: `${who} · :${one.name}:`,
      "aria-label": `${one.name.replaceAll("_", " ")}, ${one.count}, by ${who}`,
      onclick: () => act(mine ? "unreact" : "react", { channel: message.channel, ts: message.ts, name: one.name }),
    }, emojiNode(one.name), el("span", {}, one.count));
  }));
}

function replies(message, open) {
  if (!message.reply_count) return null;
  const count = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
  const last = message.latest_reply ? `Last reply ${dayName(message.latest_reply).toLowerCase()} at ${time(message.latest_reply)}` : "";
  return el("button", { class: "replies", type: "button", "data-key": "replies", onclick: open },
    el("span", { class: "faces" }, (message.reply_users || []).slice(0, 4).map((one) => avatar(one, "tiny"))),
    el("b", {}, count), el("small", {}, last), el("span", { class: "arrow", "aria-hidden": "true" }, "›"));
}

// -- the whole ------------------------------------------------------------------------------------------------------

export function content(message, { openThread, inThread }) {
  const person = store.people.get(message.user);
  const app = message.bot_id ? el("span", { class: "badge" }, "APP") : person?.is_guest ? el("span", { class: "badge" }, "GUEST") : null;
  const hidden = message.is_ephemeral ? el("div", { class: "private" }, el("span", { "aria-hidden": "true" }, "👁 "), "Only visible to you") : null;
  const broadcast = message.broadcast && !inThread ? el("button", { class: "linkish small", type: "button", onclick: openThread }, "replied to a thread") : null;
  const head = el("div", { class: "head" }, el("b", { class: "author" }, name(message.user)), app,
    el("time", { title: `${fullTime(message.ts)}`, datetime: new Date(Number(message.ts) * 1000).toISOString() }, time(message.ts)), broadcast);
  const gone = message.subtype === "tombstone";
  return [
    el("div", { class: "gutter" }, gone ? el("span", { class: "avatar gone" }, "🗑") : avatar(message.user),
      el("time", { class: "small-time", "aria-hidden": "true", title: timeSeconds(message.ts) }, time(message.ts).replace(/ [AP]M/i, ""))),
    el("div", { class: "content" }, hidden, gone ? null : head,
      gone ? el("div", { class: "said muted" }, "This message was deleted.") : said(message), files(message), reactions(message),
      inThread && !isReply(message) ? null : replies(message, openThread)),
  ];
}
