// A question before something that cannot be taken back.

import { element, find, write } from "./dom.js";
import { say } from "./languages.js";

let asked = null;

/**
 * Ask, and give what was typed by field (`{}` without fields), or null.
 *
 * `fields` are `{name, label, ...properties of the input}`; `wants` is the button's word;
 * `what` may be a function, whose text is written anew with `askAgain`.
 */
export function ask(what, wants, fields = []) {
  const inputs = fields.map(({ name, label, ...properties }) => [name, label, input(properties)]);
  asked = what;
  askAgain();
  find("ask-yes").textContent = wants;
  find("ask-fields").replaceChildren(
    ...inputs.map(([, label, made]) => element("label", {}, element("span", { textContent: label }), made)),
  );
  const dialog = find("ask");
  dialog.returnValue = "";
  dialog.showModal();
  (inputs[0]?.[2] ?? find("ask-no")).focus();
  return new Promise((resolve) => {
    const close = (answer) => {
      dialog.onclose = find("ask-no").onclick = find("ask-form").onsubmit = null;
      if (dialog.open) dialog.close();
      find("ask-fields").replaceChildren();
      asked = null;
      resolve(answer);
    };
    dialog.onclose = () => close(null);
    find("ask-no").onclick = () => close(null);
    find("ask-form").onsubmit = (event) => {
      event.preventDefault();
      close(Object.fromEntries(inputs.map(([name, , made]) => [name, made.value])));
    };
  });
}

/** Write the question as it stands now. */
export function askAgain() {
  if (asked !== null) write(find("ask-what"), typeof asked === "function" ? asked() : asked);
}

/** Ask whether something is to be done. */
export const isSure = async (what, wants) => (await ask(what, wants)) !== null;

function input({ choices, ...properties }) {
  if (!choices) return element("input", { autocomplete: "off", required: true, ...properties });
  const made = element("select", properties);
  made.append(...choices.map(([value, text]) => new Option(text, value)));
  if (properties.value) made.value = properties.value;
  return made;
}
