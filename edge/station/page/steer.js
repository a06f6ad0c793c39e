// Start, pause, resume, continue, finish, discard: shown to whoever may steer.

import * as api from "./api.js";
import { askAgain, isSure } from "./ask.js";
import { find, write } from "./dom.js";
import { number, say, sayRefusal } from "./languages.js";
import { attempt } from "./messages.js";

const OPEN = { pause: ["counting"], resume: ["paused", "fault", "ended"], continue: ["complete"] };
const RUNNING = new Set(["counting", "paused", "complete", "ended", "fault"]);
const DAYS = { years: 365, months: 365 / 12, days: 1 };
let newest = {};
let known = { count: null, sample: null };

/** A count is under way, though it may be paused or stopped by a fault. */
export const isRunning = (progress) => RUNNING.has(progress.state) && Boolean(progress.count_id);

/** A count that broke off and was not resumed yet: its numbers are on the disk alone. */
export const isUnknown = (progress) => progress.fault?.code === "broke_off" && !progress.frames;

export function wireSteering() {
  find("start-form").addEventListener("submit", start);
  find("pause").onclick = () => attempt(() => api.steer("pause"));
  find("resume").onclick = () => attempt(() => api.steer("resume"));
  find("continue").onclick = () => attempt(() => api.steer("continue", { by: 100 }));
  find("finish").onclick = finish;
  find("discard").onclick = discard;
  find("live-undo").onclick = () => attempt(() => api.steer("undo"));
}

function start(event) {
  event.preventDefault();
  const wanted = {
    sample_id: find("sample-id").value.trim(),
    target: Number(new FormData(find("start-form")).get("target")),
    population: find("population").value,
    is_control: find("is-control").checked,
    age_days: ageInDays(),
    sex: find("sex").value || null,
  };
  attempt(async () => {
    if (!(await begun(wanted))) return;
    find("sample-id").value = "";
    find("is-control").checked = false;
    // Whose blood it was is nothing of the next sample.
    find("age").value = find("sex").value = "";
    find("population").value = find("population").dataset.usual ?? "unrestricted";
  });
}

/** Begin a count; one of a sample that is signed only when that is meant. */
async function begun(wanted) {
  try {
    await api.startCount(wanted);
    return true;
  } catch (fault) {
    if (fault.code !== "sample_there") throw fault;
    if (!(await isSure(sayRefusal(fault), say("start.again")))) return false;
    await api.startCount({ ...wanted, is_again: true });
    return true;
  }
}

function ageInDays() {
  const age = find("age").value;
  return age === "" ? null : Math.floor(Number(age) * DAYS[find("age-unit").value]);
}

async function finish() {
  // Before the first frame the count's progress knows no target yet.
  const target = () => newest.target ?? known.sample?.target;
  const isShort = isUnknown(newest) || (target() && newest.leukocytes < target());
  // The count goes on while the question stands.
  const what = () =>
    isUnknown(newest)
      ? say("steer.finishKept")
      : say("steer.finishShort", { count: number(newest.leukocytes), target: number(target()) });
  if (isShort && !(await isSure(what, say("steer.finish")))) return;
  await attempt(() => api.steer("finish"));
}

async function discard() {
  const what = say("steer.sureDiscard", { sample: known.sample?.sample_id ?? "" });
  if (!(await isSure(what, say("steer.discard")))) return;
  if (await attempt(() => api.steer("discard"))) known = { count: null, sample: null };
}

/** The sample of the count on show; null when there is none or it was discarded. */
export async function sampleOf({ count_id: count }) {
  if (!count) return null;
  if (known.count !== count) {
    const found = await api.report(count).catch((fault) => fault);
    // Only a station that answers says that there is none.
    if (found.status !== 0) known = { count, sample: found.sample ?? null };
    else return null;
  }
  return known.sample;
}

/** Show the buttons that the state allows this account. */
export function showSteering(progress, sample, account) {
  newest = progress;
  askAgain();
  const runs = isRunning(progress);
  const maySteer = !runs || sample?.operator === account.name || account.role === "supervisor";
  showStart(!runs);
  find("steer").hidden = !runs || !maySteer;
  for (const [verb, states] of Object.entries(OPEN)) {
    find(verb).hidden = !states.includes(progress.state);
  }
  write(find("resume"), say(progress.state === "ended" ? "steer.lookAgain" : "steer.resume"));
  find("finish").classList.toggle("primary", progress.state === "complete");
  find("watching").hidden = maySteer;
  write(find("watching"), say("live.watching", { name: sample?.operator ?? "" }));
  showWayToReview(progress, runs, Boolean(sample));
  find("live-undo").hidden = !runs || !maySteer || !wasCorrected(progress.differential);
}

function showStart(isWanted) {
  const form = find("start-form");
  const appears = form.hidden && isWanted;
  form.hidden = !isWanted;
  if (appears && !find("view-live").hidden) find("sample-id").focus();
}

function showWayToReview(progress, runs, isThere) {
  const way = find("to-review");
  way.hidden = !isThere || (runs && progress.state === "counting") || isUnknown(progress);
  if (isThere) way.href = `#review/${progress.count_id}`;
  way.classList.toggle("primary", !runs);
  write(way, say(runs ? "live.toReviewSoFar" : "live.toReview"));
}

const wasCorrected = (differential) =>
  differential && (differential.agreement_percent != null || differential.removed_cells + differential.added_cells > 0);
