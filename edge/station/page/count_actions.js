// What else may be done with a count: its trail read, an amendment begun, discarded.

import * as api from "./api.js";
import { ask, isSure } from "./ask.js";
import { find, write } from "./dom.js";
import { moment, number, say } from "./languages.js";
import { attempt, tell } from "./messages.js";
import { isSupervisor } from "./who.js";

/** `count()` gives the count's id. */
export function wireWays(count) {
  find("amend").onclick = () => amend(count());
  find("discard-sample").onclick = () => discard(count());
}

/** Show what this account may do with a report's count. */
export function showWays({ sample, signature }) {
  find("sign-more").hidden = !isSupervisor();
  find("sample-audit").href = `#audit/${sample.count_id}`;
  find("amend").hidden = !signature || Boolean(sample.superseded_by);
  find("discard-sample").hidden = Boolean(signature);
}

/** Say above the cells that a report amends another, or is superseded by one. */
export function showAmendment({ amendment, sample }) {
  const line = find("amendment");
  line.hidden = !amendment && !sample.superseded_by;
  const texts = [];
  if (amendment) {
    const { number: which, reason, former_signed_by: name, former_signed_at: at } = amendment;
    texts.push(say("amend.of", { number: number(which), reason, name, at: moment(at) }));
  }
  if (sample.superseded_by) texts.push(say("amend.superseded"));
  write(line, texts.join(" "));
}

async function amend(count) {
  const reason = { name: "reason", label: say("amend.reason"), maxLength: 1000 };
  const given = await ask(say("amend.how"), say("amend.do"), [reason]);
  if (!given) return;
  await attempt(async () => {
    const begun = await api.amend(count, given.reason);
    location.hash = `#review/${begun.count_id}`;
  });
}

async function discard(count) {
  if (!(await isSure(say("discard.sure"), say("discard.do")))) return;
  const done = await attempt(() => api.discard(count));
  if (!done) return;
  // A view that opens clears the line; this is said after it.
  addEventListener("hashchange", () => tell(say("discard.done")), { once: true });
  location.hash = "#samples";
}
