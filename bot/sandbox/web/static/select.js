// Select menus, single and multiple: static, external, of people, channels and conversations.

import { el } from "./dom.js";
import { FIELDS, sameOption, valueOf } from "./fields.js";
import { choose } from "./popover.js";
import { act, store } from "./store.js";
import { plainWords } from "./text.js";

const DEFAULT_QUERY_LENGTH = 3;

function entry(option) {
  return { label: plainWords(option.text), about: plainWords(option.description), item: option };
}

function fitting(groups, query) {
  const wanted = query.trim().toLowerCase();
  return groups.map((group) => ({
    label: group.label,
    options: group.options.filter((one) => `${one.label} ${one.about || ""}`.toLowerCase().includes(wanted)),
  })).filter((group) => group.options.length);
}

function grouped(options, groups) {
  if (!groups?.length) return [{ label: "", options: (options || []).map(entry) }];
  return groups.map((group) => ({ label: plainWords(group.label), options: group.options.map(entry) }));
}

const people = () => [...store.people.values()].map((one) => ({ label: one.real_name, about: one.is_bot ? "App" : `@${one.name}`, item: one.id }));
const channels = (kinds) => [...store.channels.values()].filter((one) => kinds.includes(one.kind)).map((one) => ({
  label: one.kind === "dm" ? `Direct message with ${store.people.get(store.app)?.real_name}` : `# ${one.name}`, item: one.id,
}));

function conversations(element) {
  const include = element.filter?.include || ["im", "mpim", "private", "public"];
  const kinds = ["public", "private"].filter((kind) => include.includes(kind));
  return channels(include.includes("im") ? [...kinds, "dm"] : kinds);
}

// How a menu of this kind gets what it shows.
function loader(element, block, host) {
  const kind = element.type.replace("multi_", "");
  if (kind === "external_select") {
    const least = element.min_query_length ?? DEFAULT_QUERY_LENGTH;
    return async (query) => {
      if (query.length < least) return [{ label: `Type ${least} characters or more`, options: [] }];
      await host.flush();
      const asked = { ...host.place, action_id: element.action_id, block_id: block.block_id, query };
      const answer = await act("options", asked);
      return answer.ok ? grouped(answer.options, answer.option_groups) : [];
    };
  }
  const shown = {
    static_select: () => grouped(element.options, element.option_groups),
    users_select: () => [{ label: "", options: people() }],
    channels_select: () => [{ label: "", options: channels(["public"]) }],
    conversations_select: () => [{ label: "", options: conversations(element) }],
  }[kind];
  return (query) => fitting(shown(), query);
}

function labelOf(item) {
  if (item && typeof item === "object") return plainWords(item.text);
  const channel = store.channels.get(item);
  if (channel) return channel.kind === "dm" ? store.people.get(store.app)?.real_name : `# ${channel.name}`;
  return store.people.get(item)?.real_name || item;
}

function same(one, other) {
  return typeof one === "object" ? sameOption(one, other) : one === other;
}

export function select(element, block, host, change, label) {
  const many = FIELDS[element.type][0].endsWith("s");
  let chosen = valueOf(element, block, host) || (many ? [] : null);
  const isChosen = (item) => (many ? chosen.some((one) => same(one, item)) : same(chosen, item));
  const words = el("span", { class: "chosen" });
  const button = el("button", {
    class: "select", type: "button", "aria-haspopup": "listbox", "aria-expanded": "false", "data-key": element.action_id,
  }, words, el("span", { class: "arrow", "aria-hidden": "true" }, "⌄"));
  const show = () => {
    const empty = many ? !chosen.length : !chosen;
    words.classList.toggle("placeholder", empty);
    const texts = empty ? [] : (many ? chosen : [chosen]).map(labelOf);
    words.replaceChildren(...(many && !empty ? texts.map((text) => el("span", { class: "chip" }, text))
      : [empty ? plainWords(element.placeholder) || "Choose" : texts[0]]));
    if (label) button.setAttribute("aria-label", `${label}: ${empty ? "nothing chosen" : texts.join(", ")}`);
  };
  const pick = async (item) => {
    const before = chosen;
    if (!many) chosen = item;
    else if (isChosen(item)) chosen = chosen.filter((one) => !same(one, item));
    else if (chosen.length < (element.max_selected_items || Infinity)) chosen = [...chosen, item];
    show();
    if (await change(chosen) === false) {
      chosen = before;
      show();
    }
  };
  button.addEventListener("click", () => choose(button, {
    label: label || plainWords(element.placeholder) || "Choose", load: loader(element, block, host), isChosen, pick, many,
    delay: element.type.includes("external") ? 150 : 0,
  }));
  show();
  return button;
}
