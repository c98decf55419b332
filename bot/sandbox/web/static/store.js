// What this person sees: filled from /api/state, kept up to date by server-sent events, changed by /api/do.

import { byId, toast } from "./dom.js";

export const store = {
  me: "", app: "", teamDomain: "", people: new Map(), channels: new Map(), messages: new Map(), modals: [], home: null,
  reads: {}, appCan: { commands: [], shortcuts: [], home: false, messages: true },
  controls: { switches: [], speed: 1, bot: "" }, happenings: [], agentWords: [], coderUrl: null,
};

const listeners = new Map();
let source = null;
let user = "";

export function on(kind, act) {
  if (!listeners.has(kind)) listeners.set(kind, []);
  listeners.get(kind).push(act);
}

function tell(kind, value) {
  for (const act of listeners.get(kind) || []) act(value);
}

export function messagesOf(channel) {
  if (!store.messages.has(channel)) store.messages.set(channel, new Map());
  return store.messages.get(channel);
}

export function isReply(message) {
  return Boolean(message.thread_ts) && message.thread_ts !== message.ts;
}

export function name(userId) {
  return store.people.get(userId)?.real_name || userId;
}

// Become somebody: everything is fetched, then followed.
export async function become(wanted) {
  source?.close();
  const response = await fetch(`/api/state?user=${encodeURIComponent(wanted)}`);
  if (!response.ok) {
    if (response.status === 404 && wanted) return become("");
    throw new Error(`The state could not be read: ${response.status}`);
  }
  fill(await response.json());
  user = store.me;
  tell("filled");
  follow(store.mark);
}

function fill(state) {
  store.mark = state.mark;
  store.me = state.me;
  store.app = state.app;
  store.teamDomain = state.team_domain;
  store.people = new Map(state.people.map((one) => [one.id, one]));
  store.channels = new Map(state.channels.map((one) => [one.id, one]));
  store.messages = new Map();
  for (const message of state.messages) messagesOf(message.channel).set(message.ts, message);
  store.modals = state.modals;
  store.home = state.home;
  store.reads = state.reads;
  store.appCan = state.app_can;
  store.controls = state.controls;
  store.happenings = state.happenings;
  store.agentWords = state.agent_words;
  store.coderUrl = state.coder_url;
}

function follow(mark) {
  const mine = new EventSource(`/api/events?user=${encodeURIComponent(user)}&after=${encodeURIComponent(mark)}`);
  source = mine;
  mine.onopen = () => { byId("lost").hidden = true; };
  mine.onerror = () => {
    if (mine !== source) return;
    byId("lost").hidden = false;
    if (mine.readyState === EventSource.CLOSED) again(mine);
  };
  mine.onmessage = (event) => {
    if (mine !== source) return;
    byId("lost").hidden = true;
    for (const update of JSON.parse(event.data)) take(update);
    tell("taken");
  };
}

// After an answer that is no stream the browser gives up by itself: begin anew, until the sandbox is back.
function again(mine) {
  setTimeout(() => {
    if (mine === source) become(user).catch(() => again(mine));
  }, 1000);
}

const TAKE = {
  refresh: () => become(user),
  message({ message }) {
    const known = messagesOf(message.channel);
    const fresh = !known.has(message.ts);
    known.set(message.ts, message);
    tell("message", { message, fresh });
  },
  messages({ messages }) {
    for (const message of messages) messagesOf(message.channel).set(message.ts, message);
    tell("filled");
  },
  removed({ channel, ts }) {
    const message = messagesOf(channel).get(ts);
    if (message && messagesOf(channel).delete(ts)) tell("removed", message);
  },
  channels({ channels, people }) {
    store.channels = new Map(channels.map((one) => [one.id, one]));
    store.people = new Map(people.map((one) => [one.id, one]));
    tell("channels");
  },
  modals({ modals }) { store.modals = modals; tell("modals"); },
  home({ home }) { store.home = home; tell("home"); },
  read({ channel, ts }) { store.reads[channel] = ts; tell("read", channel); },
  controls({ controls }) { store.controls = controls; tell("controls"); },
  happening({ entry }) { tell("happening", entry); },
  told(what) { tell("told", what); },
};

function take(update) {
  TAKE[update.kind]?.(update);
}

// Do something as the chosen person; what Slack refuses is said in a toast and in the answer.
export async function act(action, body = {}) {
  let answer;
  try {
    const response = await fetch(`/api/do/${action}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ user, ...body }),
    });
    const told = await response.text();
    answer = told.startsWith("{") ? JSON.parse(told) : { ok: false, error: `${response.status}: ${told}` };
  } catch {
    answer = { ok: false, error: "The sandbox is not reachable." };
  }
  if (!answer.ok) toast(answer.error);
  return answer;
}

export async function fetched(path) {
  const response = await fetch(`${path}?user=${encodeURIComponent(user)}`);
  return response.ok ? response.json() : null;
}

// -- unread ---------------------------------------------------------------------------------------------------------

// What nobody has looked at yet: `count` in the conversation, `loud` those that call this person.
export function unread(channel) {
  const since = store.reads[channel.id] || "0";
  const own = `<@${store.me}>`;
  let count = 0;
  let loud = 0;
  const found = [...messagesOf(channel.id).values()];
  for (let index = found.length - 1; index >= 0 && found[index].ts > since; index -= 1) {
    const message = found[index];
    if (message.user === store.me || message.subtype === "tombstone") continue;
    const calls = channel.kind === "dm" || message.is_ephemeral || mentions(message, own);
    if (!isReply(message) || message.broadcast) count += 1;
    if (calls) loud += 1;
  }
  return { count, loud };
}

const called = new WeakMap(); // message -> whom it was looked through for, and whether they are in it

function mentions(message, own) {
  const known = called.get(message);
  if (known?.own === own) return known.found;
  const found = (message.text || "").includes(own) || JSON.stringify(message.blocks || []).includes(`"user_id":"${store.me}"`);
  called.set(message, { own, found });
  return found;
}
