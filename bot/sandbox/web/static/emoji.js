// Emoji by their Slack names: those that the app uses and those that people reach for. Others keep their colons.

export const EMOJI = {
  white_check_mark: "✅", eyes: "👀", tada: "🎉", thumbsup: "👍", "+1": "👍", thumbsdown: "👎", "-1": "👎", heart: "❤️",
  joy: "😂", rocket: "🚀", raised_hands: "🙌", pray: "🙏", clap: "👏", fire: "🔥", thinking_face: "🤔", wave: "👋",
  smile: "😄", slightly_smiling_face: "🙂", grinning: "😀", sweat_smile: "😅", wink: "😉", sob: "😭", scream: "😱",
  ok_hand: "👌", muscle: "💪", point_up: "☝️", point_right: "👉", star: "⭐", sparkles: "✨", zap: "⚡", bulb: "💡",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", stopwatch: "⏱️", alarm_clock: "⏰", clock1: "🕐", calendar: "📅",
  gear: "⚙️", wrench: "🔧", hammer: "🔨", hammer_and_wrench: "🛠️", bug: "🐛", robot_face: "🤖", computer: "💻",
  package: "📦", memo: "📝", pencil2: "✏️", mag: "🔍", link: "🔗", paperclip: "📎", pushpin: "📌", bookmark: "🔖",
  page_facing_up: "📄", clipboard: "📋", file_folder: "📁", books: "📚", bar_chart: "📊", inbox_tray: "📥",
  outbox_tray: "📤", email: "📧", bell: "🔔", no_bell: "🔕", mute: "🔇", loudspeaker: "📢", speech_balloon: "💬",
  thought_balloon: "💭", question: "❓", grey_question: "❔", exclamation: "❗", warning: "⚠️", x: "❌",
  negative_squared_cross_mark: "❎", heavy_check_mark: "✔️", ballot_box_with_check: "☑️", no_entry: "⛔",
  no_entry_sign: "🚫", octagonal_sign: "🛑", rotating_light: "🚨", construction: "🚧", lock: "🔒", unlock: "🔓",
  key: "🔑", shield: "🛡️", information_source: "ℹ️", double_vertical_bar: "⏸️", pause_button: "⏸️", arrow_forward: "▶️",
  black_square_for_stop: "⏹️", repeat: "🔁", arrows_counterclockwise: "🔄", arrow_right: "➡️", arrow_up: "⬆️",
  arrow_down: "⬇️", fast_forward: "⏩", wastebasket: "🗑️", recycle: "♻️", seedling: "🌱", coffee: "☕", pizza: "🍕",
  beers: "🍻", checkered_flag: "🏁", trophy: "🏆", red_circle: "🔴", large_green_circle: "🟢", large_blue_circle: "🔵",
  large_yellow_circle: "🟡", large_orange_circle: "🟠", white_circle: "⚪", black_circle: "⚫", one: "1️⃣", two: "2️⃣",
  three: "3️⃣", bust_in_silhouette: "👤", busts_in_silhouette: "👥", house: "🏠", globe_with_meridians: "🌐",
  cloud: "☁️", see_no_evil: "🙈", crossed_fingers: "🤞", handshake: "🤝", heart_eyes: "😍", skull: "💀", eye: "👁️",
};

export const QUICK = ["white_check_mark", "eyes", "raised_hands", "tada", "thumbsup", "heart", "rocket", "joy",
  "thinking_face", "fire", "pray", "x"];

export function emojiNode(name, unicode) {
  const plain = name.split("::")[0];
  const node = document.createElement("span");
  const symbol = EMOJI[plain] || fromCodes(unicode);
  node.className = symbol ? "emoji" : "emoji unknown";
  node.textContent = symbol || `:${name}:`;
  if (symbol) {
    node.setAttribute("role", "img");
    node.setAttribute("aria-label", plain.replaceAll("_", " "));
    node.title = `:${name}:`;
  }
  return node;
}

function fromCodes(unicode) {
  if (!/^[0-9a-f]{2,6}(-[0-9a-f]{2,6})*$/i.test(unicode || "")) return "";
  const codes = unicode.split("-").map((code) => parseInt(code, 16));
  return codes.every((code) => code <= 0x10ffff) ? String.fromCodePoint(...codes) : "";
}

// A text with emoji names in it, as nodes.
export function withEmoji(text) {
  return text.split(/(:[a-z0-9_+'-]+:)/).map((part, index) => {
    if (index % 2 === 0) return part;
    return EMOJI[part.slice(1, -1)] ? emojiNode(part.slice(1, -1)) : part;
  });
}
