// Results on their way to the laboratory system.

import * as api from "./api.js";
import { element, find, write } from "./dom.js";
import { moment, number, say } from "./languages.js";
import { attempt, tell } from "./messages.js";

let oldest = null;

export function wireOutbox() {
  find("more-messages").onclick = () => attempt(() => add(oldest));
}

export async function showOutbox() {
  const found = await api.outbox(null);
  find("outbox-rows").replaceChildren();
  show(found);
}

async function add(before) {
  show(await api.outbox(before));
}

function show({ is_delivering: isDelivering, entries }) {
  write(find("outbox-state"), say(isDelivering ? "outbox.delivering" : "outbox.notDelivering"));
  find("outbox-rows").append(...entries.map(row));
  oldest = entries.at(-1)?.message_id ?? oldest;
  find("more-messages").hidden = entries.length < api.PAGE;
  find("no-messages").hidden = find("outbox-rows").rows.length > 0;
}

function row(entry) {
  const name = element("a", { href: `#review/${entry.count_id}`, textContent: entry.sample_id });
  const state = element("span", { className: "tag", textContent: say(`message.${entry.state}`) });
  state.dataset.state = entry.state;
  const again = [];
  if (!["accepted", "withdrawn"].includes(entry.state)) {
    again.push(element("button", { type: "button", textContent: say(`message.again.${entry.state}`) }));
    again[0].onclick = () => sendAgain(entry.message_id);
  }
  return element(
    "tr",
    {},
    element("td", {}, name),
    element("td", { className: "at" }, moment(entry.queued_at)),
    element("td", {}, state, ` ${say(`result.${entry.result}`)}`),
    element("td", {}, number(entry.attempts)),
    element("td", { className: "said" }, entry.answer || "–"),
    element("td", {}, ...again),
  );
}

function sendAgain(message) {
  attempt(async () => {
    await api.sendAgain(message);
    tell(say("export.queued"));
    await showOutbox();
  });
}
