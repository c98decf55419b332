// The app's Home tab.

import { byId, el, focusAgain, focusKey } from "./dom.js";
import { updateBlocks } from "./blocks.js";
import { act, store } from "./store.js";

const PATIENCE = 2500;

function homeHost() {
  return {
    place: { view: store.home.id },
    typed: (block, action) => store.home?.state?.values?.[block]?.[action],
    keep() {},
    flush: async () => {},
  };
}

export function showHome() {
  const place = byId("home-tab");
  if (!store.home) {
    const words = el("p", { class: "muted" }, "Loading…");
    place.replaceChildren(words);
    setTimeout(() => {
      if (words.isConnected) words.textContent = "The app has not published anything here yet.";
    }, PATIENCE);
    return;
  }
  const key = focusKey(place);
  let blocks = place.querySelector(".blocks");
  if (!blocks || blocks.dataset.view !== store.home.id) {
    blocks = el("div", { class: "blocks", data: { view: store.home.id } });
    place.replaceChildren(blocks);
  }
  updateBlocks(blocks, store.home.blocks, homeHost());
  if (key && !focusAgain(place, key)) place.focus({ preventScroll: true });
}

export function openHome() {
  showHome();
  act("open_home");
}
