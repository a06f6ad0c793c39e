// The audit trail, of the station or of one count, newest first.

import * as api from "./api.js";
import { element, find, write } from "./dom.js";
import { isKnown, moment, number, say } from "./languages.js";
import { attempt } from "./messages.js";

let count = null;
let oldest = null;

export function wireAudit() {
  find("more-audit").onclick = () => attempt(() => add());
  find("audit-check").onclick = () => attempt(check);
}

export async function showAudit(wanted) {
  count = wanted || null;
  oldest = null;
  write(find("audit-checked"), "");
  find("audit-all").hidden = !count;
  const sample = count && (await api.report(count)).sample.sample_id;
  write(find("audit-of"), count ? say("audit.ofSample", { sample }) : say("audit.ofStation"));
  find("audit-rows").replaceChildren();
  await add();
}

async function add() {
  const found = await api.audit(count, oldest);
  find("audit-rows").append(...found.map(row));
  oldest = found.at(-1)?.number ?? oldest;
  find("more-audit").hidden = found.length < api.PAGE;
}

async function check() {
  const { lines, first_broken: broken, unproven, differences } = await api.auditCheck();
  const values = {
    lines: number(lines),
    number: number(broken),
    unproven: number(unproven),
    row: differences[0]?.subject,
  };
  const line = find("audit-checked");
  const key = broken
    ? "audit.broken"
    : differences.length
      ? "audit.differs"
      : unproven
        ? "audit.unproven"
        : "audit.whole";
  line.dataset.state = key === "audit.whole" ? "settled" : "broken";
  write(line, say(key, values));
}

function row(entry) {
  const key = `action.${entry.action}`;
  const action = isKnown(key) ? say(key) : entry.action;
  return element(
    "tr",
    {},
    element("td", {}, number(entry.number)),
    element("td", { className: "at" }, moment(entry.at)),
    element("td", {}, entry.person),
    element("td", {}, action),
    element("td", { className: "said" }, detailOf(entry.detail)),
  );
}

const detailOf = (detail) =>
  Object.entries(detail)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${wordOf("detail", name)}: ${valueOf(name, value)}`)
    .join(", ");

const wordOf = (kind, name) => (isKnown(`${kind}.${name}`) ? say(`${kind}.${name}`) : name);

function valueOf(name, value) {
  if (typeof value === "number") return number(value);
  if (typeof value === "boolean") return say(value ? "yes" : "no");
  if (name === "role") return wordOf("role", value);
  return name.includes("class") ? wordOf("class", value) : String(value);
}
