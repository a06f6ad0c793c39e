// Start, pause, resume, continue, finish: shown to whoever may steer.

import * as api from "./api.js";
import { find, write } from "./dom.js";
import { say } from "./languages.js";
import { attempt } from "./messages.js";

const OPEN = { pause: ["counting"], resume: ["paused", "fault"], continue: ["complete"] };
const RUNNING = new Set(["counting", "paused", "complete"]);
let controllerOf = { count: null, name: null };

export function wireSteering() {
  find("start-form").addEventListener("submit", start);
  find("pause").onclick = () => attempt(() => api.steer("pause"));
  find("resume").onclick = () => attempt(() => api.steer("resume"));
  find("continue").onclick = () => attempt(() => api.steer("continue", { by: 100 }));
  find("finish").onclick = () => attempt(() => api.steer("finish"));
}

function start(event) {
  event.preventDefault();
  const wanted = {
    sample_id: find("sample-id").value.trim(),
    target: Number(new FormData(find("start-form")).get("target")),
    population: find("population").value,
    is_control: find("is-control").checked,
  };
  attempt(async () => {
    await api.startCount(wanted);
    find("sample-id").value = "";
    find("is-control").checked = false;
  });
}

/** Show the buttons that the state allows this account. */
export async function showSteering(progress, account) {
  const isRunning = RUNNING.has(progress.state);
  const controller = isRunning ? await controllerName(progress.count_id) : null;
  const maySteer = !controller || controller === account.name || account.role === "supervisor";
  const wasHidden = find("start-form").hidden;
  find("start-form").hidden = isRunning || account.role === "service";
  if (wasHidden && !find("start-form").hidden && !find("view-live").hidden) find("sample-id").focus();
  find("steer").hidden = !isRunning || !maySteer;
  for (const [verb, states] of Object.entries(OPEN)) {
    find(verb).hidden = !states.includes(progress.state);
  }
  find("watching").hidden = maySteer;
  write(find("watching"), say("live.watching", { name: controller ?? "" }));
  showWayToReview(progress, isRunning);
}

function showWayToReview({ count_id: count }, isRunning) {
  const way = find("to-review");
  way.hidden = !count || isRunning;
  if (count) way.href = `#review/${count}`;
}

async function controllerName(count) {
  if (controllerOf.count !== count) {
    const known = await api.status().catch(() => null);
    if (known) controllerOf = { count, name: known.controller };
  }
  return controllerOf.name;
}
