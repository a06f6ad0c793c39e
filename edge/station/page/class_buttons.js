// A button a class, with its letter, count and key: large enough for gloves.

import { CLASSES, classOf } from "./classes.js";
import { badge } from "./differential.js";
import { element } from "./dom.js";
import { keyOf } from "./keys.js";
import { number, say } from "./languages.js";

/** Fill `home` with the buttons; `countOf(name)` gives the number beside a name. */
export function showClassButtons(home, choose, countOf) {
  home.replaceChildren(...CLASSES.map(({ name }) => classButton(name, choose, countOf)));
}

function classButton(name, choose, countOf) {
  const count = countOf ? ` ${number(countOf(name))}` : "";
  const text = element("span", { textContent: say(`class.${name}`) + count });
  const key = element("kbd", { textContent: keyOf(name) });
  const button = element("button", { type: "button", data: { class: name } }, badge(classOf(name)), text, key);
  button.onclick = () => choose(name);
  return button;
}
