// One key a class; each person may change the map, kept in this browser.

import { CLASSES, classOf } from "./classes.js";
import { badge } from "./differential.js";
import { element, find } from "./dom.js";
import { say } from "./languages.js";
import { tell } from "./messages.js";

const KEPT = "hemalens.keys";
const DELIVERED = {
  ...Object.fromEntries(CLASSES.map(({ name, key }) => [name, key])),
  accept: "a",
  undo: "u",
};
let map = { ...DELIVERED, ...JSON.parse(localStorage.getItem(KEPT) ?? "{}") };

/** What a key press asks for: a class's name, "accept", "undo", "remove", or null. */
export function wishOf(event) {
  if (isUndoChord(event)) return "undo";
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  if (event.key === "Delete" || event.key === "Backspace") return "remove";
  const key = event.key.toLowerCase();
  return Object.keys(map).find((wish) => map[wish] === key) ?? null;
}

/** Ctrl+Z, or Command+Z. */
export const isUndoChord = (event) =>
  (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "z";

export const keyOf = (wish) => map[wish];

export function wireKeyMap(changed) {
  const keep = (wanted) => {
    map = wanted;
    localStorage.setItem(KEPT, JSON.stringify(map));
    changed();
    showFields(keep);
  };
  find("key-map").onclick = () => {
    showFields(keep);
    find("keys").showModal();
  };
  find("keys-close").onclick = () => find("keys").close();
  find("keys-reset").onclick = () => keep({ ...DELIVERED });
}

function showFields(keep) {
  find("key-fields").replaceChildren(...Object.keys(DELIVERED).map((wish) => field(wish, keep)));
}

function field(wish, keep) {
  const isClass = !["undo", "accept"].includes(wish);
  const name = say(isClass ? `class.${wish}` : `review.${wish}`);
  const input = element("input", { value: map[wish], maxLength: 1, required: true });
  input.onfocus = () => input.select();
  input.onchange = () => change(wish, input.value.toLowerCase(), keep);
  const mark = isClass ? [badge(classOf(wish))] : [];
  return element("label", {}, ...mark, element("span", { textContent: name }), input);
}

function change(wish, key, keep) {
  const taken = Object.keys(map).find((other) => other !== wish && map[other] === key);
  const isUsable = /^[\p{L}\p{N}]$/u.test(key) && !taken;
  if (!isUsable) tell(say("keys.taken", { key }), "fault");
  keep(isUsable ? { ...map, [wish]: key } : map);
}
