// The list of samples, newest first.

import * as api from "./api.js";
import { element, find } from "./dom.js";
import { moment, say } from "./languages.js";
import { attempt } from "./messages.js";

let oldest = null;

export function wireSamples() {
  find("more-samples").onclick = () => attempt(() => add(oldest));
}

export async function showSamples() {
  find("sample-rows").replaceChildren();
  await add(null);
}

async function add(before) {
  const found = await api.samples(before);
  find("sample-rows").append(...found.map(row));
  oldest = found.at(-1)?.count_id ?? oldest;
  find("more-samples").hidden = found.length < api.PAGE;
  find("no-samples").hidden = find("sample-rows").rows.length > 0;
}

function row(sample) {
  const isCounting = sample.state === "counting";
  const href = isCounting ? "#live" : `#review/${sample.count_id}`;
  const name = element("a", { href, textContent: sample.sample_id });
  const control = sample.is_control ? ` (${say("samples.control")})` : "";
  const word = sample.superseded_by ? "superseded" : sample.state;
  const state = element("span", { className: "tag", textContent: say(`sample.${word}`) });
  state.dataset.state = word;
  const amends = sample.amends ? ` (${say("samples.amendment")})` : "";
  return element(
    "tr",
    {},
    element("td", {}, name, control + amends),
    element("td", { className: "at" }, moment(sample.started_at)),
    element("td", {}, sample.operator),
    element("td", {}, state),
    element("td", {}, sample.signed_by ? `${sample.signed_by}, ${moment(sample.signed_at)}` : "–"),
  );
}
