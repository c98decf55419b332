// Keeps the page up to date: what the server renders now takes the place of what has changed, part by part.

const PAUSE = 1000;
const told = document.getElementById("told");

function show(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const now = fresh.getElementById(part.id);
    if (now === null) {
      location.reload(); // another kind of page: the task was deleted
      return fresh;
    }
    if (now.innerHTML !== part.innerHTML) replace(part, now);
  }
  return fresh;
}

function replace(part, now) {
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  const atEnd = part.scrollTop + part.clientHeight >= part.scrollHeight - 4;
  part.innerHTML = now.innerHTML;
  if (atEnd) part.scrollTop = part.scrollHeight;
  if (focused) document.getElementById(focused)?.focus();
}

async function refresh() {
  try {
    show(await (await fetch(location.href)).text());
  } catch {
    // The sandbox has ended, or is starting again: the next look tells.
  }
}

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.target.querySelector("button");
  const label = button.textContent;
  try {
    const answer = await fetch(event.target.action, { method: "POST" });
    const fresh = show(await answer.text());
    told.textContent = fresh.getElementById("told")?.textContent || `${label}: done.`;
  } catch {
    told.textContent = "The sandbox does not answer.";
  }
});

for (const log of document.querySelectorAll("pre[data-live]")) log.scrollTop = log.scrollHeight;
setInterval(() => document.hidden || refresh(), PAUSE);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
