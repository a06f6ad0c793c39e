// Daily control: the cells-located check, and control slides over days.

import * as api from "./api.js";
import { ask } from "./ask.js";
import { drawChart } from "./chart.js";
import { element, find } from "./dom.js";
import { moment, number, say } from "./languages.js";
import { attempt, tell } from "./messages.js";
import { isSupervisor } from "./who.js";

export function wireControls() {
  find("located-form").addEventListener("submit", keepLocated);
  find("located-count").onchange = () => attempt(proposeLocated);
}

export async function showControls() {
  const [kept, samples] = await Promise.all([api.controls(), api.samples()]);
  const counted = samples.filter((sample) => sample.state !== "counting");
  find("located-count").replaceChildren(...counted.map(asOption));
  find("charts").replaceChildren(locatedChart(kept.located), ...kept.charts.map(countChart));
  if (counted.length) await proposeLocated();
}

// A review knows which leukocytes the station found and which a person added.
async function proposeLocated() {
  const { differential } = await api.report(find("located-count").value);
  find("located-missed").value = differential.added_cells;
  find("located-found").value = differential.leukocytes - differential.added_cells;
}

function keepLocated(event) {
  event.preventDefault();
  attempt(async () => {
    await api.located({
      count_id: find("located-count").value,
      found: Number(find("located-found").value),
      missed: Number(find("located-missed").value),
    });
    tell(say("located.kept"));
    find("located-form").reset();
    await showControls();
  });
}

const asOption = (sample) =>
  new Option(`${sample.sample_id}, ${moment(sample.started_at)}`, sample.count_id);

function locatedChart(checks) {
  const points = checks.map((check) => ({ at: check.at, value: check.located_percent }));
  const made = figure(say("located.title"), points, null, null);
  const last = checks.at(-1);
  if (last && isSupervisor()) {
    const text = say("located.strike", { found: number(last.found), missed: number(last.missed) });
    const button = element("button", { type: "button", textContent: text });
    button.onclick = () => strike(last);
    made.append(button);
  }
  return made;
}

async function strike(check) {
  const reason = { name: "reason", label: say("amend.reason"), maxLength: 1000 };
  const given = await ask(say("located.strikeHow"), say("located.strikeDo"), [reason]);
  if (given && (await attempt(() => api.strike(check.number, given.reason)))) await showControls();
}

function countChart(chart) {
  const values = chart.points.map((point) => ({ at: point.at, value: point.percent }));
  const name = `${chart.sample_id}: ${say(`class.${chart.class_name}`)}`;
  return figure(name, values, chart.mean_percent, chart.sd_percent);
}

function figure(name, points, mean, sd) {
  const title = `${name} (%)`;
  const last = points.at(-1);
  const said = last ? say("chart.last", { value: number(last.value, 1), at: moment(last.at) }) : say("chart.empty");
  const caption = element("figcaption", {}, element("strong", { textContent: title }), ` ${said}`);
  return element("figure", { className: "card" }, caption, ...(last ? [drawChart(title, points, mean, sd)] : []));
}
