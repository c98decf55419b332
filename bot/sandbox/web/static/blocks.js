// Blocks: one function for each kind; the newer kinds are in newer.js. A kind that nobody knows shows itself as such.

import { el, freshId, link } from "./dom.js";
import { element, image, unknown } from "./elements.js";
import { NEWER } from "./newer.js";
import { richText } from "./rich.js";
import { markdown, plainWords, textObject } from "./text.js";

function section(block, host) {
  const text = block.text ? el("div", { class: "words" }, textObject(block.text)) : null;
  const fields = block.fields ? el("div", { class: "fields" }, block.fields.map((one) => el("div", {}, textObject(one)))) : null;
  const label = plainWords(block.text).slice(0, 80);
  const accessory = block.accessory ? el("div", { class: "accessory" }, element(block.accessory, block, host, label)) : null;
  return [el("div", { class: "grow" }, text, fields), accessory];
}

function context(block) {
  return (block.elements || []).map((one) => (one.type === "image" ? image(one) : el("span", {}, textObject(one))));
}

function input(block, host) {
  const shown = element(block.element || {}, block, host, plainWords(block.label));
  const labelled = shown.matches?.("input, textarea, select, button");
  if (labelled && !shown.id) shown.id = freshId("field");
  const optional = block.optional ? el("small", {}, " (optional)") : null;
  const label = el(labelled ? "label" : "div", { class: "label" }, textObject(block.label), optional);
  if (labelled) label.htmlFor = shown.id;
  const about = [];
  const hint = block.hint ? el("p", { class: "field-hint", id: freshId("hint") }, textObject(block.hint)) : null;
  if (hint) about.push(hint.id);
  const error = el("p", { class: "field-error", id: freshId("error"), "data-error": block.block_id, hidden: true });
  about.push(error.id);
  if (labelled) shown.setAttribute("aria-describedby", about.join(" "));
  if (labelled && !block.optional && shown.matches("input, textarea")) shown.setAttribute("aria-required", "true");
  return [label, shown, hint, error];
}

function picture(block) {
  const title = plainWords(block.title) || block.alt_text || "Image";
  return el("figure", {}, el("figcaption", {}, title), image(block));
}

function video(block) {
  return el("figure", {}, el("figcaption", {}, link(block.title_url || block.video_url || "", plainWords(block.title))),
    el("span", { class: "picture" }, el("span", { "aria-hidden": "true" }, "▶ "), block.alt_text || "Video"));
}

const CLASSIC = {
  section,
  header: (block) => el("div", { role: "heading", "aria-level": "3" }, textObject(block.text)),
  divider: () => el("hr"),
  context,
  actions: (block, host) => (block.elements || []).map((one) => element(one, block, host)),
  input,
  image: picture,
  video,
  rich_text: richText,
  markdown: (block) => el("div", { class: "markdown" }, markdown(block.text)),
  file: (block) => el("span", { class: "picture" }, "📎 ", `Remote file ${block.external_id || ""}`),
};

export function renderBlock(block, host) {
  const render = CLASSIC[block.type] || NEWER[block.type];
  const content = render ? render(block, host, renderBlock) : unknown("block", block);
  return el("div", { class: `block ${render ? block.type : "strange"}`, data: { block: block.block_id || "" } }, content);
}

export function renderBlocks(blocks, host) {
  return blocks.map((block) => renderBlock(block, host));
}

// Bring a container's blocks up to date; a block that is the same as before keeps its nodes, and with them the focus.
export function updateBlocks(container, blocks, host) {
  const before = new Map([...container.children].map((node) => [node.made, node]));
  const after = blocks.map((block) => {
    const made = JSON.stringify(block);
    const kept = before.get(made);
    before.delete(made);
    if (kept) return kept;
    const node = renderBlock(block, host);
    node.made = made;
    return node;
  });
  for (const gone of before.values()) gone.remove();
  after.forEach((node, index) => {
    if (container.children[index] !== node) container.insertBefore(node, container.children[index] || null);
  });
}
