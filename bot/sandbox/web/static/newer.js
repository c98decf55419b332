// The newer blocks: tables, cards, plans, alerts, containers.

import { el, link } from "./dom.js";
import { element, image } from "./elements.js";
import { richText } from "./rich.js";
import { plainWords, textObject } from "./text.js";

function cell(one) {
  if (one.type === "rich_text") return richText(one);
  return one.text || String(one.value ?? "");
}

function table(block) {
  const [head, ...rows] = block.rows || [];
  const row = (cells, tag) => el("tr", {}, cells.map((one) => el(tag, tag === "th" ? { scope: "col" } : {}, cell(one))));
  return el("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": block.caption || "Table" },
    el("table", {}, block.caption ? el("caption", {}, block.caption) : null,
      head ? el("thead", {}, row(head, "th")) : null, el("tbody", {}, rows.map((one) => row(one, "td")))));
}

const SIGNS = { pending: "○", in_progress: "◔", complete: "✓", error: "✕" };

function taskCard(block) {
  const sources = (block.sources || []).map((one) => link(one.url, one.text || one.url));
  const more = [block.details, block.output].filter(Boolean).map(richText);
  const title = el("span", {}, el("span", { class: `sign ${block.status}`, "aria-hidden": "true" }, SIGNS[block.status] || "○"),
    ` ${block.title}`, block.status ? el("small", {}, ` ${block.status.replace("_", " ")}`) : null);
  if (!more.length && !sources.length) return el("div", { class: "step" }, title);
  return el("details", { class: "step" }, el("summary", {}, title), more, el("div", { class: "row" }, sources));
}

function plan(block) {
  return el("div", { class: "boxed" }, el("b", {}, block.title), (block.tasks || []).map(taskCard));
}

function card(block, host) {
  return el("div", { class: "boxed" },
    block.hero_image ? image(block.hero_image) : null,
    el("div", { class: "row" }, block.icon ? image(block.icon) : null, el("b", {}, textObject(block.title))),
    block.subtitle ? el("div", { class: "muted" }, textObject(block.subtitle)) : null,
    block.body ? el("div", {}, textObject(block.body)) : null,
    block.subtext ? el("small", {}, textObject(block.subtext)) : null,
    block.actions ? el("div", { class: "row" }, block.actions.map((one) => element(one, block, host))) : null);
}

function container(block, host, render) {
  const title = block.rich_text_title ? richText(block.rich_text_title) : el("b", {}, textObject(block.title));
  const head = [title, block.subtitle ? el("div", { class: "muted" }, textObject(block.subtitle)) : null];
  const inside = (block.child_blocks || []).map((one) => render(one, host));
  if (!block.is_collapsible) return el("div", { class: "boxed" }, head, inside);
  return el("details", { class: "boxed", open: !block.default_collapsed }, el("summary", {}, head), inside);
}

function alert(block) {
  return el("div", { class: `alert ${block.level || "default"}`, role: "note" }, textObject(block.text));
}

function chart(block) {
  return el("figure", { class: "boxed" }, el("figcaption", {}, plainWords(block.title) || "Chart"),
    el("pre", {}, JSON.stringify(block.chart, null, 2)));
}

export const NEWER = {
  table, data_table: table, data_visualization: chart, task_card: taskCard, plan, card, container, alert,
  carousel: (block, host) => el("div", { class: "carousel", tabindex: "0", role: "group", "aria-label": "Cards" },
    (block.elements || []).map((one) => card(one, host))),
  context_actions: (block, host) => (block.elements || []).map((one) => element(one, block, host)),
};
