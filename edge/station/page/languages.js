// The page's words in the chosen language.

export const LANGUAGES = { en: "English", de: "Deutsch" };
const KEPT = "hemalens.language";
// Of what the station refuses; in English its own sentence is shown.
const REFUSALS_OF = new Set(["de"]);
let words = {};
let refusals = {};
let language = "en";

/** The text of a key, with `{name}` replaced; a sentence of the server passes as it is. */
export const say = (key, values = {}) => filled(words[key] ?? key, values);

export const isKnown = (key) => key in words;

/** What was refused and what to do, by its code; else in the station's own words. */
export function sayRefusal({ code, values, message, mend }) {
  // What is wrong with a request is told in the program's terms: nothing for this page.
  if (code === "not_as_wanted") return say("error.notAsWanted");
  const said = refusals[code] ?? [message, mend].map((text) => say(text ?? ""));
  return said.map((text) => filled(text, values)).filter(Boolean).join(" ");
}

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values?.[name] ?? "");

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

const load = async (file) => (await fetch(`languages/${file}.json`)).json();

export async function loadLanguage(chosen = kept()) {
  words = await load(chosen);
  refusals = REFUSALS_OF.has(chosen) ? await load(`refusals/${chosen}`) : {};
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
