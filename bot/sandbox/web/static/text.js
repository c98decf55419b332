// Text objects: plain text, Slack's mrkdwn, and standard Markdown of `markdown` blocks, as nodes.

import { el, link } from "./dom.js";
import { formatted, fullTime } from "./dates.js";
import { withEmoji } from "./emoji.js";
import { name, store } from "./store.js";

const KEEP = /\uE000(\d+)\uE001/;
const STYLED = /(?<![\w*_~])([*_~])(?=\S)(?!\1)(.+?)(?<=\S)\1(?![\w*_~])/;
const TAGS = { "*": "b", _: "i", "~": "s" };

export function textObject(text) {
  if (!text) return [];
  if (text.type === "mrkdwn") return mrkdwn(text.text, { styled: true });
  return lines(text.emoji === false ? [text.text] : withEmoji(text.text || ""));
}

export function plainWords(text) {
  return typeof text === "string" ? text : text?.text || "";
}

export function decoded(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

export function mention(id, label) {
  const known = store.people.get(id);
  const own = id === store.me ? " own" : "";
  return el("span", { class: `mention${own}` }, `@${known?.real_name || label || id}`);
}

export function channelLink(id, label) {
  const known = store.channels.get(id);
  const text = `#${known?.name || label || id}`;
  return known ? el("a", { class: "mention", href: `#/${id}` }, text) : el("span", { class: "mention" }, text);
}

export function dateNode(timestamp, pattern, url, fallback) {
  const node = el("time", { title: fullTime(timestamp) }, formatted(timestamp, pattern, fallback));
  return url ? link(url, node) : node;
}

function lines(parts) {
  return parts.flatMap((part) => {
    if (typeof part !== "string") return [part];
    return part.split("\n").flatMap((line, index) => (index ? [el("br"), line] : [line]));
  });
}

// -- mrkdwn ---------------------------------------------------------------------------------------------------------

// What stands in < >: a mention, a channel, a date, a link.
function entity(inner) {
  const cut = inner.indexOf("|");
  const target = cut < 0 ? inner : inner.slice(0, cut);
  const label = cut < 0 ? "" : decoded(inner.slice(cut + 1));
  if (target[0] === "@") return mention(target.slice(1), label);
  if (target[0] === "#") return channelLink(target.slice(1), label);
  if (target.startsWith("!date^")) {
    const [, timestamp, pattern, url] = target.split("^");
    return dateNode(timestamp, decoded(pattern || ""), url && decoded(url), label);
  }
  if (target[0] === "!") return el("span", { class: "mention" }, label || `@${target.slice(1).split("^")[0]}`);
  return link(decoded(target), label || decoded(target).replace(/^mailto:/, ""));
}

export function mrkdwn(text, { styled = true } = {}) {
  const kept = [];
  const keep = (node) => `\uE000${kept.push(node) - 1}\uE001`;
  let rest = (text || "").replace(/[\uE000\uE001]/g, "");
  if (styled) {
    rest = rest.replace(/```\n?([^]*?)\n?```/g, (_, code) => keep(el("pre", {}, codeParts(code))));
    rest = rest.replace(/`([^`\n]+)`/g, (_, code) => keep(el("code", {}, codeParts(code))));
  }
  rest = rest.replace(/<([^<>\n]+)>/g, (_, inner) => keep(entity(inner)));
  const leaf = (part) => leaves(part, kept, styled);
  if (!styled) return leaf(rest);
  return quoted(rest, (part) => styles(part, leaf));
}

function codeParts(code) {
  return decoded(code.replace(/<([^<>\n|]+)(?:\|([^<>\n]*))?>/g, (_, target, label) => label || target));
}

// Consecutive lines that begin with > are one quote; >>> quotes all that follows.
function quoted(text, render) {
  const nodes = [];
  let open = null;
  let everything = false;
  const rows = text.split("\n");
  rows.forEach((row, index) => {
    const found = everything ? [row, row] : row.match(/^(?:&gt;){1}(?!&gt;) ?(.*)$/) || row.match(/^&gt;&gt;&gt; ?(.*)$/);
    if (!everything && row.startsWith("&gt;&gt;&gt;")) everything = true;
    if (found) {
      if (open) open.append(el("br"));
      else nodes.push(open = el("blockquote"));
      open.append(...render(found[1]));
    } else {
      if (index && !open) nodes.push(el("br"));
      open = null;
      nodes.push(...render(row));
    }
  });
  return nodes;
}

function styles(text, leaf) {
  const found = STYLED.exec(text);
  if (!found) return leaf(text);
  const after = text.slice(found.index + found[0].length);
  return [...leaf(text.slice(0, found.index)), el(TAGS[found[1]], {}, styles(found[2], leaf)), ...styles(after, leaf)];
}

function leaves(text, kept, styled) {
  return text.split(/(\uE000\d+\uE001)/).flatMap((part) => {
    const found = KEEP.exec(part);
    if (found) return [kept[Number(found[1])]];
    if (!part) return [];
    return lines(styled ? withEmoji(decoded(part)) : [decoded(part)]);
  });
}

// What a message says in one line, for places where there is no room for more.
export function brief(message) {
  const text = (message.text || "").replace(/<@([^|>]+)(?:\|[^>]*)?>/g, (_, id) => `@${name(id)}`);
  return decoded(text.replace(/<[^|>]*\|([^>]*)>/g, "$1").replace(/<([^>]*)>/g, "$1")).replace(/\s+/g, " ").trim();
}

// -- standard Markdown ------------------------------------------------------------------------------------------------

const MARKDOWN_INLINE = /(`[^`]+`)|\[([^\]]+)\]\(([^)\s]+)\)|(\*\*|__)(?=\S)(.+?)(?<=\S)\4|(?<!\w)([*_])(?=\S)(.+?)(?<=\S)\6(?!\w)|~~(.+?)~~/;

function markdownInline(text) {
  const found = MARKDOWN_INLINE.exec(text);
  if (!found) return lines(withEmoji(text));
  const before = lines(withEmoji(text.slice(0, found.index)));
  const after = markdownInline(text.slice(found.index + found[0].length));
  const [, code, label, url, , strong, , weak, struck] = found;
  let node;
  if (code) node = el("code", {}, code.slice(1, -1));
  else if (label) node = link(url, markdownInline(label));
  else if (strong) node = el("b", {}, markdownInline(strong));
  else if (weak) node = el("i", {}, markdownInline(weak));
  else node = el("s", {}, markdownInline(struck));
  return [...before, node, ...after];
}

const MARKDOWN_ROWS = [
  [/^(#{1,6})\s+(.*)$/, (found) => el("p", { class: `heading level-${found[1].length}` }, markdownInline(found[2]))],
  [/^\s*([-*_])(?:\s*\1){2,}\s*$/, () => el("hr")],
];

function listItem(row) {
  const found = /^(\s*)(?:([-*+])|(\d+)[.)])\s+(.*)$/.exec(row);
  return found && { ordered: Boolean(found[3]), start: Number(found[3] || 1), text: found[4], depth: found[1].length };
}

export function markdown(text) {
  const nodes = [];
  const parts = (text || "").split(/^```[^\n]*\n([^]*?)^```[ \t]*$/m);
  parts.forEach((part, index) => {
    if (index % 2) nodes.push(el("pre", {}, part.replace(/\n$/, "")));
    else nodes.push(...part.split(/\n{2,}/).flatMap((piece) => paragraph(piece.replace(/^\n+|\n+$/g, ""))));
  });
  return nodes;
}

function paragraph(piece) {
  const nodes = [];
  let open = null;
  for (const row of piece ? piece.split("\n") : []) {
    const whole = MARKDOWN_ROWS.map(([pattern, make]) => [pattern.exec(row), make]).find(([found]) => found);
    const item = whole ? null : listItem(row);
    const quote = !whole && !item && /^>\s?(.*)$/.exec(row);
    const kind = whole ? "whole" : item ? (item.ordered ? "ol" : "ul") : quote ? "blockquote" : "p";
    if (whole) nodes.push(whole[1](whole[0]));
    else if (item) {
      if (open?.kind !== kind) nodes.push((open = { kind, node: el(kind, kind === "ol" ? { start: item.start } : {}) }).node);
      open.node.append(el("li", { class: `indent-${Math.min(Math.floor(item.depth / 2), 8)}` }, markdownInline(item.text)));
    } else {
      const words = markdownInline(quote ? quote[1] : row);
      if (open?.kind === kind) open.node.append(el("br"), ...words);
      else nodes.push((open = { kind, node: el(kind, {}, words) }).node);
    }
    if (whole) open = null;
  }
  return nodes;
}
