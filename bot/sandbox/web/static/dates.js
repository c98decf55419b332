// Times as people read them, in this browser's zone; Slack's date tokens.

const DAY = 24 * 3600 * 1000;
const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const clockSeconds = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", second: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const dayDivider = new Intl.DateTimeFormat("en-US", { weekday: "long", month: "long", day: "numeric" });
const short = new Intl.DateTimeFormat("en-US", { month: "short", day: "numeric", year: "numeric" });
const middle = new Intl.DateTimeFormat("en-US", { month: "long", day: "numeric", year: "numeric" });
const long = new Intl.DateTimeFormat("en-US", { weekday: "long", month: "long", day: "numeric", year: "numeric" });
const numeric = new Intl.DateTimeFormat("sv-SE");
const relative = new Intl.RelativeTimeFormat("en-US", { numeric: "auto" });

export const moment = (ts) => new Date(Number(ts) * 1000);
export const time = (ts) => clock.format(moment(ts));
export const timeSeconds = (ts) => clockSeconds.format(moment(ts));
export const fullTime = (ts) => full.format(moment(ts));

function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

function near(date) {
  const days = Math.round((midnight(date) - midnight(new Date())) / DAY);
  return { "0": "today", "-1": "yesterday", "1": "tomorrow" }[days] || "";
}

export function dayOf(ts) {
  return midnight(moment(ts));
}

export function dayName(ts) {
  const word = near(moment(ts));
  return word && word !== "tomorrow" ? word[0].toUpperCase() + word.slice(1) : dayDivider.format(moment(ts));
}

function ago(date) {
  const seconds = (date.getTime() - Date.now()) / 1000;
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return Math.abs(seconds) < 10 ? "just now" : relative.format(Math.round(seconds), "second");
}

const TOKENS = {
  date_num: (date) => numeric.format(date), date: (date) => middle.format(date), date_short: (date) => short.format(date),
  date_long: (date) => long.format(date), day_divider: (date) => dayDivider.format(date), time: (date) => clock.format(date),
  time_secs: (date) => clockSeconds.format(date), ago,
};

// Slack's date formats; a token that is not known stays as it is, a time that is none gives the fallback.
export function formatted(timestamp, pattern, fallback) {
  const date = moment(timestamp);
  if (Number.isNaN(date.getTime()) || !pattern) return fallback || String(timestamp);
  return pattern.replace(/\{(\w+)\}/g, (whole, name) => {
    const pretty = name.endsWith("_pretty");
    const format = TOKENS[pretty ? name.slice(0, -7) : name];
    if (!format) return whole;
    return (pretty && near(date)) || format(date);
  });
}
