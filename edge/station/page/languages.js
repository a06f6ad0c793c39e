// The page's words in the chosen language.

export const LANGUAGES = { en: "English", de: "Deutsch" };
const KEPT = "hemalens.language";
let words = {};
let language = "en";

/** The text of a key, with `{name}` replaced; a sentence of the server passes as it is. */
export function say(key, values = {}) {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export const locale = () => language;

export const number = (value, digits = 0) =>
  value == null
    ? "–"
    : value.toLocaleString(language, {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      });

// The month in letters: 03/04 is read in two ways.
export const moment = (iso) =>
  iso ? new Date(iso).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" }) : "–";

function kept() {
  const chosen = localStorage.getItem(KEPT) ?? navigator.language.slice(0, 2);
  return chosen in LANGUAGES ? chosen : "en";
}

export async function loadLanguage(chosen = kept()) {
  const answer = await fetch(`languages/${chosen}.json`);
  words = await answer.json();
  language = chosen;
  localStorage.setItem(KEPT, chosen);
  document.documentElement.lang = chosen;
  fillIn(document);
}

/** Put words where elements ask for them by `data-say` and `data-say-label`. */
export function fillIn(root) {
  for (const one of root.querySelectorAll("[data-say]")) one.textContent = say(one.dataset.say);
  for (const one of root.querySelectorAll("[data-say-label]")) {
    one.setAttribute("aria-label", say(one.dataset.sayLabel));
  }
}
