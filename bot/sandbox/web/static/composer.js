// The box to write in: Enter sends, Shift+Enter begins a new line; commands, people, channels and emoji are completed.

import { el, freshId, toast } from "./dom.js";
import { EMOJI } from "./emoji.js";
import { menu } from "./popover.js";
import { act, name, store } from "./store.js";
import { pickEmoji } from "./toolbar.js";

const SHOWN = 8;
const MOST_BYTES = 1_000_000;
const BUILT_IN = [
  { command: "/invite", usage_hint: "@someone", description: "Bring somebody, or an app, into this channel" },
  { command: "/remove", usage_hint: "@someone", description: "Take somebody out of this channel" },
];
const drafts = new Map();

// The verbs in a usage hint: "create <prompt> | list | help".
function verbs(command) {
  return (command?.usage_hint || "").replace(/^\[|\]$/g, "").split("|").map((part) => part.trim().split(/\s+/)).filter(([word]) => /^[a-z]/.test(word || ""))
    .map(([word, ...rest]) => ({ insert: word, label: word, about: rest.join(" ") }));
}

const COMPLETIONS = [
  [/^(\/\S*)$/, () => [...store.appCan.commands, ...BUILT_IN].map((one) => ({
    insert: one.command, label: `${one.command} ${one.usage_hint || ""}`.trim(), about: one.description,
  }))],
  [/^\/\S+ (\S*)$/, (text) => verbs(store.appCan.commands.find((one) => text.startsWith(`${one.command} `)))],
  [/(?:^|\s)(@[^\s@]*)$/, () => [...store.people.values()].map((one) => ({ insert: `@${one.name}`, label: one.real_name, about: `@${one.name}` }))],
  [/(?:^|\s)(#[^\s#]*)$/, () => [...store.channels.values()].filter((one) => one.name).map((one) => ({ insert: `#${one.name}`, label: `#${one.name}` }))],
  [/(?:^|\s)(:[a-z0-9_+]{2,})$/, () => Object.keys(EMOJI).map((one) => ({ insert: `:${one}:`, label: `${EMOJI[one]} :${one}:` }))],
];

export class Composer {
  // `thread` is a root's ts; `edit()` edits the last own message.
  constructor(place, { channel, thread = "", label, editLast }) {
    Object.assign(this, { channel, thread, editLast, files: [], found: [], at: -1 });
    const listId = freshId("completions");
    this.field = el("textarea", {
      rows: "1", placeholder: label, "aria-label": label, "aria-autocomplete": "list", "aria-controls": listId, "data-key": `composer ${thread}`,
      oninput: () => this.changed(), onkeydown: (event) => this.pressed(event), onblur: () => setTimeout(() => this.hide(), 150),
    });
    this.list = el("div", { id: listId, class: "completions", role: "listbox", "aria-label": "Completions", hidden: true });
    this.chips = el("div", { class: "chips", hidden: true });
    this.upload = el("input", { type: "file", multiple: true, hidden: true, "aria-label": "Attach text files", onchange: () => this.attach() });
    const tool = (label_, sign, act_) => {
      const node = el("button", { class: "icon", type: "button", "aria-label": label_, title: label_, onclick: () => act_(node) }, sign);
      return node;
    };
    this.sender = el("button", { class: "send", type: "button", "aria-label": "Send", title: "Send (Enter)", onclick: () => this.send() }, "➤");
    const shortcuts = store.appCan.shortcuts.filter((one) => one.type === "global");
    place.replaceChildren(el("div", { class: "composer" }, this.list, this.field, this.chips, this.upload, el("div", { class: "tools" },
      tool("Attach text files", "📎", () => this.upload.click()),
      tool("Emoji", "☺", (anchor) => pickEmoji(anchor, (one) => this.insert(`:${one}: `))),
      tool("Mention somebody", "@", () => this.insert("@")),
      shortcuts.length ? tool("Shortcuts", "⚡", (anchor) => menu(anchor, "Shortcuts", shortcuts.map((one) => ({
        label: one.name, about: one.description || name(store.app), act: () => act("shortcut", { callback_id: one.callback_id }),
      })))) : null,
      el("span", { class: "grow" }), el("span", { class: "muted keys" }, "Enter to send · Shift+Enter for a new line"), this.sender)));
    this.field.value = drafts.get(this.draft) || "";
    this.changed(false);
  }

  get draft() {
    return `${store.me} ${this.channel} ${this.thread}`;
  }

  fill(text) {
    this.field.value = text;
    this.field.focus();
    this.changed(false);
  }

  insert(text) {
    const { selectionStart: start, selectionEnd: end, value } = this.field;
    const gap = start && text === "@" && !/\s$/.test(value.slice(0, start)) ? " " : "";
    this.field.setRangeText(gap + text, start, end, "end");
    this.field.focus();
    this.changed();
  }

  changed(complete = true) {
    const field = this.field;
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 260)}px`;
    if (field.value) drafts.set(this.draft, field.value);
    else drafts.delete(this.draft);
    this.sender.disabled = !field.value.trim() && !this.files.length;
    if (complete) this.suggest();
    else this.hide();
  }

  // -- completion ---------------------------------------------------------------------------------------------------

  suggest() {
    const before = this.field.value.slice(0, this.field.selectionStart);
    for (const [pattern, find] of COMPLETIONS) {
      const match = pattern.exec(before);
      if (!match || (this.thread && before.startsWith("/"))) continue;
      const token = match[1].toLowerCase();
      const all = find(before);
      const fits = all.filter((one) => one.insert.toLowerCase().startsWith(token) || (token[0] === "@" && one.label.toLowerCase().includes(token.slice(1))));
      this.token = match[1];
      return this.offer(fits.slice(0, SHOWN), token ? 0 : -1);
    }
    return this.hide();
  }

  offer(found, at) {
    this.found = found;
    this.at = at;
    if (!found.length || (found.length === 1 && found[0].insert === this.token)) return this.hide();
    this.list.replaceChildren(...found.map((one, index) => el("div", {
      id: freshId("completion"), role: "option", class: "option", "aria-selected": String(index === at),
      onpointerdown: (event) => {
        event.preventDefault();
        this.complete(index);
      },
    }, el("span", {}, one.label), one.about ? el("small", {}, one.about) : null)));
    this.list.hidden = false;
    return this.mark(at);
  }

  mark(at) {
    this.at = at;
    [...this.list.children].forEach((node, index) => node.setAttribute("aria-selected", String(index === at)));
    if (at >= 0) this.field.setAttribute("aria-activedescendant", this.list.children[at].id);
    else this.field.removeAttribute("aria-activedescendant");
  }

  hide() {
    this.list.hidden = true;
    this.found = [];
    this.at = -1;
    this.field.removeAttribute("aria-activedescendant");
  }

  complete(index) {
    const end = this.field.selectionStart;
    this.field.setRangeText(`${this.found[index].insert} `, end - this.token.length, end, "end");
    this.field.focus();
    this.changed();
  }

  pressed(event) {
    const open = !this.list.hidden;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing) return;
    if (open && step) {
      event.preventDefault();
      this.mark((this.at + step + this.found.length) % this.found.length);
    } else if (open && event.key === "Escape") {
      event.stopPropagation();
      this.hide();
    } else if (open && this.at >= 0 && (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey && this.found[this.at].insert !== this.token))) {
      event.preventDefault();
      this.complete(this.at);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.send();
    } else if (event.key === "ArrowUp" && !this.field.value) {
      event.preventDefault();
      this.editLast?.();
    }
  }

  // -- files and sending ----------------------------------------------------------------------------------------------

  async attach() {
    for (const file of this.upload.files) {
      if (file.size > MOST_BYTES) toast(`${file.name} is larger than 1 MB.`);
      else if (file.size === 0) toast(`${file.name} is empty.`);
      else this.files.push({ name: file.name, content: await file.text() });
    }
    this.upload.value = "";
    this.showFiles();
    this.field.focus();
  }

  showFiles() {
    this.chips.hidden = !this.files.length;
    this.chips.replaceChildren(...this.files.map((file) => el("span", { class: "chip" }, `📄 ${file.name}`, el("button", {
      class: "icon", type: "button", "aria-label": `Remove ${file.name}`,
      onclick: () => {
        this.files = this.files.filter((one) => one !== file);
        this.showFiles();
      },
    }, "×"))));
    this.changed(false);
  }

  async send() {
    const text = this.field.value;
    const files = this.files;
    if (!text.trim() && !files.length) return;
    const command = /^\/(?!\/)/.test(text);
    if (command && this.thread) {
      toast(`${text.trim().split(/\s/)[0]} is not supported in threads. Sorry!`);
      return;
    }
    this.field.value = "";
    this.files = [];
    this.showFiles();
    const answer = command ? await act("command", { channel: this.channel, text: text.trim() })
      : await act("post", { channel: this.channel, text: text.trim(), thread_ts: this.thread || null, files });
    if (answer.ok || this.field.value) return;
    this.field.value = text;
    this.files = files;
    this.showFiles();
  }
}
