// The app's forms: opened, changed, pushed and closed by the app; what was put in stays until it is submitted.

import { debounced, el, focusAgain, focusKey } from "./dom.js";
import { updateBlocks } from "./blocks.js";
import { dialog } from "./dialogs.js";
import { act, store } from "./store.js";
import { plainWords } from "./text.js";

const SAVE_AFTER = 250;

// What stands in one open view: kept here at once, and soon on the server, so that an update finds it.
class Form {
  constructor(view) {
    this.view = view;
    this.values = {};
    this.dirty = {};
    this.soon = debounced(SAVE_AFTER, () => this.flush());
    this.place = { view: view.id };
  }

  typed(block, action) {
    return this.values[`${block} ${action}`] || this.view.state?.values?.[block]?.[action];
  }

  keep(block, element, value) {
    this.values[`${block.block_id} ${element.action_id}`] = value;
    this.dirty[block.block_id] = value;
    showError(block.block_id, "");
    this.soon();
  }

  async flush() {
    this.soon.cancel();
    const values = this.dirty;
    this.dirty = {};
    if (Object.keys(values).length) await act("fill", { view: this.view.id, values });
  }

  submit() {
    submit();
  }

  // What goes along with a submit or a close.
  rest() {
    this.soon.cancel();
    const values = this.dirty;
    this.dirty = {};
    return { view: this.view.id, values };
  }
}

let shown = null;
let form = null;
const forms = new Map();

export function showModals() {
  const view = store.modals.at(-1);
  for (const id of forms.keys()) if (!store.modals.some((one) => one.id === id)) forms.delete(id);
  if (!view) {
    form = null;
    shown?.close();
    shown = null;
    return;
  }
  const same = form?.view.id === view.id;
  const updated = same && form.view.hash !== view.hash;
  if (same && !updated) return;
  if (!forms.has(view.id)) forms.set(view.id, new Form(view));
  form = forms.get(view.id);
  form.view = view;
  if (!shown) open();
  draw(same);
}

function open() {
  const body = el("div", { class: "body blocks" });
  const foot = el("footer");
  shown = { ...dialog({ title: "", kind: "modal", body, foot, asks: leave }), body, foot };
}

function draw(same) {
  const { view } = form;
  shown.heading.textContent = plainWords(view.title);
  const key = same && shown.fields ? focusKey(shown.node) : null; // a form that was still loading had nothing to stay at
  const caret = key && document.activeElement.selectionStart;
  if (!same) shown.body.replaceChildren();
  updateBlocks(shown.body, view.blocks, form);
  const close = el("button", { class: "button", type: "button", "data-key": "close-view", onclick: leave }, plainWords(view.close) || "Cancel");
  const submits = view.submit || view.blocks.some((block) => block.type === "input");
  shown.submit = submits ? el("button", { class: "button primary", type: "button", "data-key": "submit-view", onclick: submit }, plainWords(view.submit) || "Submit") : null;
  shown.foot.replaceChildren(...[close, shown.submit].filter(Boolean));
  shown.fields = Boolean(shown.body.querySelector("input, textarea, select, button"));
  if (key && shown.node.contains(document.activeElement) && document.activeElement !== document.body) return;
  if (key && focusAgain(shown.node, key)) {
    if (typeof caret === "number") document.activeElement.setSelectionRange?.(caret, caret);
    return;
  }
  focusFirst(view);
}

function focusFirst(view) {
  const wanted = view.blocks.map((block) => block.element || block.accessory).find((one) => one?.focus_on_load)?.action_id;
  if (wanted && focusAgain(shown.body, wanted)) return;
  const first = shown.body.querySelector("input, textarea, select, button") || shown.submit || shown.foot.querySelector("button");
  first.focus({ preventScroll: true });
}

function showError(blockId, text) {
  const place = [...(shown?.body.querySelectorAll("[data-error]") || [])].find((one) => one.dataset.error === blockId);
  if (!place) return null;
  place.textContent = text;
  place.hidden = !text;
  const block = place.closest(".block");
  block.classList.toggle("wrong", Boolean(text));
  const field = block.querySelector("input, textarea, select, button");
  if (field && text) field.setAttribute("aria-invalid", "true");
  else field?.removeAttribute("aria-invalid");
  return field;
}

async function submit() {
  if (!shown?.submit || shown.submit.disabled) return;
  const mine = form;
  const button = shown.submit;
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  const answer = await act("submit", mine.rest());
  button.disabled = false;
  button.removeAttribute("aria-busy");
  if (form !== mine) return;
  const fields = Object.entries(answer.errors || {}).map(([block, text]) => showError(block, text)).filter(Boolean);
  if (fields.length) fields[0].focus();
  else if (!answer.ok && shown) button.focus();
}

function leave() {
  if (form) act("close", form.rest());
}
