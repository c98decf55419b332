// Everything in a block that can be pressed, chosen from or typed in.
//
// A host is where the element stands: `place` names it for the server, `typed(block, action)` is what was put in,
// `keep(block, element, value)` remembers a form's field, `flush()` brings what was kept to the server.

import { debounced, el, freshId, link } from "./dom.js";
import { confirmed } from "./dialogs.js";
import { withEmoji } from "./emoji.js";
import { sameOption, stateValue, valueOf } from "./fields.js";
import { menu } from "./popover.js";
import { select } from "./select.js";
import { act } from "./store.js";
import { plainWords, textObject } from "./text.js";

// Let the app hear of an element; whether it did.
async function press(element, block, host, { selected = null, busy = null } = {}) {
  if (!await confirmed(element.confirm)) return false;
  busy?.setAttribute("aria-busy", "true");
  await host.flush();
  const answer = await act("click", {
    ...host.place, action_id: element.action_id, block_id: block.block_id, value: element.value ?? null, selected,
  });
  busy?.removeAttribute("aria-busy");
  return answer.ok;
}

// What a change of a field leads to: a form keeps it, everything else tells the app.
function changer(element, block, host) {
  return (value) => {
    const silent = block.type === "input" && !block.dispatch_action;
    if (block.type === "input") host.keep(block, element, stateValue(element, value));
    return silent ? true : press(element, block, host, { selected: value });
  };
}

function open(url) {
  window.open(url, "_blank", "noopener,noreferrer");
}

function button(element, block, host) {
  const node = el("button", {
    class: `button ${element.style || ""}`, type: "button", "data-key": `${element.action_id} ${element.value ?? ""}`,
    "aria-label": element.accessibility_label, title: element.url ? `Opens ${element.url}` : null,
    onclick: async () => {
      if (node.getAttribute("aria-busy")) return;
      if (element.url && !element.confirm && /^https?:/i.test(element.url)) open(element.url);
      const pressed = await press(element, block, host, { busy: node });
      if (pressed && element.url && element.confirm && /^https?:/i.test(element.url)) open(element.url);
    },
  }, element.text?.emoji === false ? plainWords(element.text) : withEmoji(plainWords(element.text)),
  element.url ? el("span", { class: "outside", "aria-hidden": "true" }, " ↗") : null);
  return node;
}

function overflow(element, block, host) {
  const node = el("button", {
    class: "button overflow", type: "button", "aria-haspopup": "menu", "aria-expanded": "false",
    "aria-label": "More actions", "data-key": element.action_id,
    onclick: () => menu(node, "More actions", (element.options || []).map((option) => ({
      label: plainWords(option.text), about: plainWords(option.description),
      act: () => {
        if (/^https?:/i.test(option.url || "")) open(option.url);
        press(element, block, host, { selected: option.value, busy: node });
      },
    }))),
  }, "⋯");
  return node;
}

function ticks(element, block, host, label) {
  const several = element.type === "checkboxes";
  const group = freshId("group");
  let chosen = valueOf(element, block, host) || (several ? [] : null);
  const change = changer(element, block, host);
  const isOn = (option) => (several ? chosen.some((one) => sameOption(one, option)) : sameOption(chosen, option));
  const inputs = new Map();
  const toggle = async (option, on) => {
    const before = chosen;
    if (!several) chosen = option;
    else chosen = on ? [...chosen, option] : chosen.filter((one) => !sameOption(one, option));
    if (await change(chosen) === false) {
      chosen = before;
      for (const [one, input] of inputs) input.checked = isOn(one);
    }
  };
  return el("div", { class: "ticks", role: several ? "group" : "radiogroup", "aria-label": label || "Options" },
    (element.options || []).map((option) => {
      const input = el("input", {
        type: several ? "checkbox" : "radio", name: group, checked: isOn(option), "data-key": `${element.action_id} ${option.value}`,
        onchange: (event) => toggle(option, event.target.checked),
      });
      inputs.set(option, input);
      return el("label", { class: "tick" }, input, el("span", {}, textObject(option.text),
        option.description ? el("small", {}, textObject(option.description)) : null));
    }));
}

const PICKERS = { datepicker: "date", timepicker: "time", datetimepicker: "datetime-local" };

function picker(element, block, host, label) {
  const change = changer(element, block, host);
  const value = valueOf(element, block, host);
  const unix = element.type === "datetimepicker";
  const node = el("input", {
    class: "field", type: PICKERS[element.type], "data-key": element.action_id, "aria-label": label || plainWords(element.placeholder) || "Date",
    onchange: () => change(unix ? Math.floor(new Date(node.value).getTime() / 1000) || null : node.value || null),
  });
  if (value) node.value = unix ? local(value) : value;
  return node;
}

function local(seconds) {
  const date = new Date(seconds * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

const TYPES = { email_text_input: "email", url_text_input: "url", number_input: "number" };

function typing(element, block, host) {
  const lines = element.multiline || element.type === "rich_text_input";
  const triggers = element.dispatch_action_config?.trigger_actions_on || ["on_enter_pressed"];
  const read = () => (element.type === "rich_text_input" ? rich(node.value) : node.value || null);
  const tell = () => block.dispatch_action && press(element, block, host, { selected: read() });
  const tellSoon = debounced(300, tell);
  const node = el(lines ? "textarea" : "input", {
    class: "field", "data-key": element.action_id, placeholder: plainWords(element.placeholder) || null, autocomplete: "off",
    rows: lines ? "4" : null,
    oninput: () => {
      host.keep(block, element, stateValue(element, read()));
      if (triggers.includes("on_character_entered")) tellSoon();
    },
    onkeydown: (event) => {
      if (event.key !== "Enter" || (lines && !(event.ctrlKey || event.metaKey))) return;
      event.preventDefault();
      if (block.dispatch_action && triggers.includes("on_enter_pressed")) tell();
      else host.submit?.();
    },
  });
  if (!lines) node.type = element.type === "number_input" ? "text" : TYPES[element.type] || "text";
  if (element.type === "number_input") node.inputMode = "decimal";
  const value = valueOf(element, block, host);
  node.value = typeof value === "object" ? richWords(value) : value || "";
  return node;
}

function rich(text) {
  if (!text) return null;
  return { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text }] }] };
}

function richWords(value) {
  const all = (value?.elements || []).flatMap((part) => part.elements || []);
  return all.map((one) => one.text || "").join("");
}

export function image(element) {
  const words = element.alt_text || "Image";
  return el("span", { class: "picture", title: words }, el("span", { "aria-hidden": "true" }, "🖼 "),
    element.image_url ? link(element.image_url, words) : words);
}

function feedback(element, block, host) {
  const one = (name, sign) => element[name] && el("button", {
    class: "button", type: "button", "data-key": `${element.action_id} ${name}`, "aria-label": element[name].accessibility_label,
    onclick: () => press({ ...element, value: element[name].value }, block, host),
  }, sign, " ", plainWords(element[name].text));
  return el("span", { class: "row" }, one("positive_button", "👍"), one("negative_button", "👎"));
}

function iconButton(element, block, host) {
  return button({ ...element, text: { type: "plain_text", text: plainWords(element.text) || element.icon } }, block, host);
}

function fileInput() {
  return el("p", { class: "muted" }, "Files cannot be chosen in the sandbox’s forms; attach them to a message instead.");
}

const TYPED = ["plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input"];

export function element(one, block, host, label = "") {
  if (one.type === "button" || one.type === "workflow_button") return button(one, block, host);
  if (one.type === "overflow") return overflow(one, block, host);
  if (one.type === "checkboxes" || one.type === "radio_buttons") return ticks(one, block, host, label);
  if (one.type in PICKERS) return picker(one, block, host, label);
  if (TYPED.includes(one.type)) return typing(one, block, host);
  if ((one.type || "").endsWith("_select")) return select(one, block, host, changer(one, block, host), label);
  if (one.type === "image") return image(one);
  if (one.type === "feedback_buttons") return feedback(one, block, host);
  if (one.type === "icon_button") return iconButton(one, block, host);
  if (one.type === "file_input") return fileInput();
  return unknown("element", one);
}

export function unknown(what, value) {
  return el("details", { class: "unknown" }, el("summary", {}, `Unknown ${what}: ${value?.type}`),
    el("pre", {}, JSON.stringify(value, null, 2)));
}

