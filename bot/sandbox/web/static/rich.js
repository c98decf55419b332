// rich_text blocks in all their parts and elements.

import { el, link } from "./dom.js";
import { emojiNode } from "./emoji.js";
import { channelLink, dateNode, mention } from "./text.js";

const STYLE_TAGS = [["bold", "b"], ["italic", "i"], ["strike", "s"], ["underline", "u"], ["highlight", "mark"],
  ["client_highlight", "mark"], ["code", "code"]];

function styled(node, style = {}) {
  return STYLE_TAGS.reduce((inner, [key, tag]) => (style[key] ? el(tag, {}, inner) : inner), node);
}

function words(text) {
  return (text || "").split("\n").flatMap((line, index) => (index ? [el("br"), line] : [line]));
}

// The corner that agents draw before a tool's output: few fonts have it, so the style sheet draws it.
function corners(nodes) {
  return nodes.flatMap((node) => (typeof node !== "string" ? [node] : node.split(/(\u23bf)/)
    .map((part) => (part === "\u23bf" ? el("span", { class: "corner" }, part) : part))));
}

const INLINE = {
  text: (one) => corners(words(one.text)),
  link: (one) => link(one.url || "", words(one.text || one.url)),
  emoji: (one) => emojiNode(one.name || "", one.unicode),
  user: (one) => mention(one.user_id),
  usergroup: (one) => el("span", { class: "mention" }, `@${one.usergroup_id}`),
  team: (one) => el("span", { class: "mention" }, `@${one.team_id}`),
  channel: (one) => channelLink(one.channel_id),
  broadcast: (one) => el("span", { class: "mention own" }, `@${one.range}`),
  color: (one) => colour(one.value),
  date: (one) => dateNode(one.timestamp, one.format, one.url, one.fallback),
};

function colour(value) {
  const patch = el("span", { class: "patch" });
  if (/^#[0-9a-f]{3,8}$/i.test(value || "")) patch.style.background = value;
  return el("span", {}, patch, value);
}

function inline(elements = []) {
  return elements.map((one) => {
    const render = INLINE[one.type];
    return styled(render ? render(one) : el("span", { class: "unknown" }, `Unknown element: ${one.type}`), one.style);
  });
}

function section(part) {
  return el("div", { class: "rich-section" }, inline(part.elements));
}

function list(part) {
  const tag = part.style === "ordered" ? "ol" : "ul";
  const node = el(tag, { class: `indent-${part.indent || 0}${part.border ? " bordered" : ""}` },
    (part.elements || []).map((item) => el("li", {}, item.type === "rich_text_section" ? inline(item.elements) : richPart(item))));
  if (tag === "ol" && part.offset) node.start = part.offset + 1;
  return node;
}

const PARTS = {
  rich_text_section: section,
  rich_text_quote: (part) => el("blockquote", {}, inline(part.elements)),
  rich_text_preformatted: (part) => el("pre", {}, inline(part.elements)),
  rich_text_list: list,
};

function richPart(part) {
  const render = PARTS[part.type];
  return render ? render(part) : el("div", { class: "unknown" }, `Unknown rich text: ${part.type}`);
}

export function richText(block) {
  return el("div", { class: "rich-text" }, (block.elements || []).map(richPart));
}
