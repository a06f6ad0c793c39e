// What the page tells the person: a polite line that stays until the next one.

import { Refusal } from "./api.js";
import { find } from "./dom.js";
import { sayRefusal } from "./languages.js";

// A modal dialog hides what lies behind it, so the line goes along.
const home = () => document.querySelector("dialog[open]") ?? find("message-home");
document.addEventListener("close", () => home().prepend(find("message-box")), true);

export function tell(text, kind = "done") {
  const box = find("message-box");
  home().prepend(box);
  const line = find("message");
  line.dataset.kind = kind;
  line.textContent = text;
  box.hidden = !text;
}

/** Do something and say in words why it was refused; true when it was done. */
export async function attempt(act) {
  const before = find("message").textContent;
  try {
    await act();
    // What was refused before is past; what the act itself says stays.
    if (find("message").dataset.kind === "fault" && find("message").textContent === before) tell("");
    return true;
  } catch (fault) {
    if (!(fault instanceof Refusal)) throw fault;
    tell(sayRefusal(fault), "fault");
    return false;
  }
}
