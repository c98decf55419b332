// Dialogs keep the focus while they are open and give it back; the browser's own <dialog> does most of that.

import { el, focusAgain, freshId } from "./dom.js";
import { closePopover } from "./popover.js";
import { fetched, store } from "./store.js";
import { plainWords, textObject } from "./text.js";

// `asks` is called when somebody wants to leave (Escape, ×); without one the dialog just closes.
export function dialog({ title, body, foot = null, kind = "", asks = null, onclose = null }) {
  const opener = document.activeElement;
  const key = opener?.dataset?.key;
  const titleId = freshId("title");
  const node = el("dialog", { class: `dialog ${kind}`, "aria-labelledby": titleId });
  const leave = () => (asks ? asks() : close());
  const heading = el("h2", { id: titleId }, title);
  const x = el("button", { class: "icon", type: "button", "aria-label": "Close", "data-key": "close-dialog", onclick: leave }, "✕");
  node.append(el("header", {}, el("img", { src: "/static/icon.svg", alt: "", width: 24, height: 24 }), heading, x), body);
  if (foot) node.append(foot);
  node.addEventListener("cancel", (event) => {
    event.preventDefault();
    leave();
  });
  function close() {
    if (!node.open) return;
    closePopover({ refocus: false });
    node.close();
    node.remove();
    if (opener?.isConnected) opener.focus({ preventScroll: true });
    else focusAgain(document, key);
    onclose?.();
  }
  document.body.append(node);
  node.showModal();
  return { node, heading, close };
}

// Slack's confirm object: whether it was confirmed.
export function confirmed(question) {
  if (!question) return Promise.resolve(true);
  return new Promise((resolve) => {
    let answer = false;
    const button = (text, style, value) => el("button", {
      class: `button ${style}`, type: "button", "data-key": `confirm-${value}`,
      onclick: () => { answer = value; shown.close(); },
    }, text);
    const style = question.style === "danger" ? "danger" : "primary";
    const foot = el("footer", {}, button(plainWords(question.deny) || "Cancel", "", false),
      button(plainWords(question.confirm) || "OK", style, true));
    const shown = dialog({
      title: plainWords(question.title) || "Are you sure?", kind: "small", body: el("div", { class: "body" }, textObject(question.text)),
      foot, onclose: () => resolve(answer),
    });
    foot.lastChild.focus();
  });
}

export async function showFile(file) {
  const found = await fetched(`/api/file/${encodeURIComponent(file.id)}`);
  const text = found ? found.text : "The file is not there any more.";
  const copy = el("button", { class: "button", type: "button", onclick: () => navigator.clipboard?.writeText(text) }, "Copy");
  dialog({
    title: file.name, kind: "wide", body: el("div", { class: "body" }, el("pre", { class: "file-text", tabindex: "0" }, text)),
    foot: el("footer", {}, el("span", { class: "grow muted" }, `${file.size} bytes`), copy),
  });
}

const KEYS = [
  ["Enter, Shift+Enter", "send a message, or begin a new line"], ["/", "a command, with completion"],
  ["↑ in an empty box", "edit your last message"], ["↑ ↓ on a message", "go through the messages; Tab reaches what it offers"],
  ["Esc", "close what is open"], ["F6", "go round the parts of the page"],
];

export function showHelp() {
  const row = ([left, right]) => el("tr", {}, el("th", { scope: "row" }, left), el("td", {}, right));
  const keys = el("table", { class: "help-table" }, el("tbody", {}, KEYS.map(row)));
  const words = el("table", { class: "help-table" }, el("tbody", {},
    store.agentWords.map((one) => row([el("code", {}, one.words), one.what]))));
  const local = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]/.test(`${store.coderUrl || "http://localhost/"}`);
  const body = el("div", { class: "body" },
    el("p", {}, local ? "This is the real bot between a Slack and a Coder that run on your machine only. Nothing here reaches anybody."
      : `This is the real bot between a Slack on your machine and the Coder at ${store.coderUrl}: tasks that you start there are real.`),
    el("h3", {}, "Try"),
    el("ul", {},
      el("li", {}, el("code", {}, "/coder-task create fix the flaky login test"), " starts a task. Its card follows the work."),
      el("li", {}, "Reply in the card’s thread: the agent gets what you write."),
      el("li", {}, "Become Bo or Gia, at the left, and see what others may do."),
      el("li", {}, "Open “What happens” and let Slack or Coder fail, or kill the bot.")),
    local ? [el("h3", {}, "Words that steer the agents"),
      el("p", {}, "The agents follow a script. These words in a prompt choose another one; the first that fits wins:"), words] : null,
    el("h3", {}, "Keys"), keys);
  dialog({ title: "The sandbox", kind: "wide", body });
}
