// The sidebar: the conversations with their unread marks, and the person one is.

import { byId, el } from "./dom.js";
import { avatar } from "./message.js";
import { name, store, unread } from "./store.js";

function entry(channel, current) {
  const { count, loud } = unread(channel);
  const label = channel.is_app ? name(store.app) : channel.name || channel.members.filter((one) => one !== store.me).map(name).join(", ");
  const sign = channel.is_app ? avatar(store.app, "tiny") : el("span", { class: "hash", "aria-hidden": "true" }, channel.kind === "private" ? "🔒" : "#");
  const marks = loud ? `, ${loud} for you` : count ? `, ${count} unread` : "";
  return el("li", {}, el("a", {
    href: `#/${channel.id}`, class: count || loud ? "place unread" : "place", "aria-current": channel.id === current ? "page" : null,
    "aria-label": label + marks, data: { channel: channel.id, key: `place ${channel.id}` },
  }, sign, el("span", { class: "place-label" }, label), loud ? el("span", { class: "count", "aria-hidden": "true" }, loud) : null));
}

export function showPlaces(current) {
  const all = [...store.channels.values()];
  const group = (title, found) => (found.length ? [el("h2", {}, title), el("ul", {}, found.map((one) => entry(one, current)))] : []);
  const focused = document.activeElement?.dataset?.key;
  byId("places").replaceChildren(
    ...group("Channels", all.filter((one) => one.kind !== "dm")),
    ...group("Direct messages", all.filter((one) => one.kind === "dm" && !one.is_app)),
    ...group("Apps", all.filter((one) => one.is_app)));
  if (focused?.startsWith("place ")) [...byId("places").querySelectorAll("a")].find((one) => one.dataset.key === focused)?.focus();
  const loud = all.reduce((sum, one) => sum + unread(one).loud, 0);
  document.title = `${loud ? `(${loud}) ` : ""}Coder Tasks sandbox`;
}

export function showPersons(become) {
  const people = [...store.people.values()].filter((one) => !one.is_bot);
  const focused = byId("persons").contains(document.activeElement);
  byId("persons").replaceChildren(el("fieldset", {}, el("legend", {}, "You are"), people.map((one) => el("label", { class: "person" },
    el("input", { type: "radio", name: "person", value: one.name, checked: one.id === store.me, onchange: () => become(one.name) }),
    avatar(one.id, "small"), el("span", {}, el("b", {}, one.real_name), el("small", {}, one.role))))));
  if (focused) byId("persons").querySelector("input:checked")?.focus();
}
