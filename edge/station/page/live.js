// The live view: what the camera sees and what the count comes to.

import * as api from "./api.js";
import { referenceOf, showDifferential } from "./differential.js";
import { find, write } from "./dom.js";
import { followCount } from "./feed.js";
import { isKnown, number, say, sayRefusal } from "./languages.js";
import { drawFrame } from "./overlay.js";
import { isRunning, isUnknown, sampleOf, showSteering } from "./steer.js";
import { who } from "./who.js";

const NOTHING_YET = { shares: [] };

let newest = null;
let isConnected = true;
let newestFrame = null;
let isDrawing = false;

/** Begin to follow the count; call once. `revised()` hears that a sample was changed. */
export function beginLive(revised) {
  return followCount({
    progress: (progress) => {
      if (newest && progress.revision !== newest.revision) revised();
      newest = progress;
      showLive();
    },
    frame: (frame) => {
      newestFrame = frame;
      drawNewest();
    },
    connection: (isThere) => {
      if (isThere === isConnected) return;
      isConnected = isThere;
      showLive();
    },
  });
}

/** Show the newest state again, as after a change of language. */
export async function showLive() {
  showConnection();
  if (!newest) return;
  const progress = newest;
  const sample = await sampleOf(progress);
  if (progress !== newest) return;
  showState(progress, sample);
  showFault(progress.fault);
  showProgress(progress);
  showOptics(progress);
  showDifferential(find("live-differential"), progress.differential ?? NOTHING_YET);
  const beside = say("live.others", { red: number(progress.red_cells) });
  write(find("others"), [beside, referenceOf(progress.differential ?? {})].filter(Boolean).join(" · "));
  showDoubts(progress.slide_doubts ?? []);
  showSteering(progress, sample, who.account);
}

function showConnection() {
  document.body.classList.toggle("disconnected", !isConnected);
  find("lost").hidden = isConnected;
  // Old numbers look old, and nothing can be steered that is not seen.
  find("numbers").inert = !isConnected;
  write(find("lost"), isConnected ? "" : say("state.lost"));
}

// Frames may come faster than they are drawn: then only the newest is.
async function drawNewest() {
  if (isDrawing) return;
  isDrawing = true;
  while (newestFrame) {
    const frame = newestFrame;
    newestFrame = null;
    await drawOne(frame);
  }
  isDrawing = false;
}

async function drawOne(frame) {
  const picture = new Image();
  picture.src = api.pictureUrl(frame.frame);
  try {
    await picture.decode();
  } catch {
    return; // A newer frame has taken its place at the server.
  }
  drawFrame(find("picture"), picture, frame);
  const why = find("left-out");
  why.hidden = !frame.left_out;
  if (frame.left_out) write(why, say("live.leftOut", { why: leftOutBecause(frame.left_out) }));
}

function leftOutBecause(said) {
  const key = `leftOut.${said.split(":")[0]}`;
  return isKnown(key) ? say(key) : said;
}

// Whose numbers these are is said before anything else.
function showState(progress, sample) {
  const runs = isRunning(progress);
  const state = progress.state === "fault" && !runs ? "idle" : progress.state;
  find("state").parentElement.dataset.state = isConnected ? state : "lost";
  write(find("state"), isConnected ? say(`state.${state}`, { target: progress.target }) : say("state.lost"));
  const control = sample?.is_control ? ` (${say("samples.control")})` : "";
  write(find("sample"), runs && sample ? sample.sample_id + control : "");
  find("last-title").hidden = runs || !sample;
  const short = sample?.target && progress.leukocytes < sample.target && Boolean(progress.frames);
  const end = short ? ` – ${say("live.short", { count: number(progress.leukocytes), target: number(sample.target) })}` : "";
  write(find("last-title"), sample ? say("live.last", { sample: sample.sample_id + control }) + end : "");
  find("view-live").classList.toggle("empty", !sample);
  // After a power cut the numbers come back with the first frame, and are not 0 till then.
  find("view-live").classList.toggle("unknown", isUnknown(progress));
  find("kept").hidden = !isUnknown(progress);
  find("ended").hidden = state !== "ended";
  const counts = { count: number(progress.leukocytes), target: number(progress.target) };
  write(find("ended"), state === "ended" ? say("live.ended", counts) : "");
}

function showFault(fault) {
  find("fault").hidden = !fault;
  if (!fault) return;
  const { code, what, mend } = fault;
  write(find("fault"), sayRefusal({ code: `fault.${code}`, message: what, mend, values: { what } }));
}

// Uncertain cells are none of the target's until a person has settled them.
function showProgress({ leukocytes, target, uncertain }) {
  write(find("leukocytes"), number(leukocytes));
  const open = uncertain ? ` · ${say("live.uncertain", { count: number(uncertain) })}` : "";
  const goal = target ? say("live.ofTarget", { target: number(target) }) : say("live.counted");
  write(find("of-target"), goal + open);
  const bar = find("progress");
  bar.max = target || Math.max(leukocytes, 1);
  bar.value = Math.min(leukocytes, bar.max);
}

function showOptics(progress) {
  write(find("focus"), wordOf("focus", progress.focus));
  find("focus-bar").value = progress.focus?.sharpness ?? 0;
  write(find("exposure"), wordOf("exposure", progress.exposure));
  write(find("fps"), number(progress.frames_per_second, 1));
  const leftOut = Object.values(progress.left_out ?? {}).reduce((sum, one) => sum + one, 0);
  const left = leftOut ? ` (${say("live.framesLeftOut", { count: number(leftOut) })})` : "";
  write(find("frames"), number(progress.frames) + left);
}

const wordOf = (what, seen) => (seen ? say(`${what}.${seen.word}`) : "–");

function showDoubts(doubts) {
  const list = find("doubts");
  if (list.dataset.shown === doubts.join("\n")) return;
  list.dataset.shown = doubts.join("\n");
  list.replaceChildren();
  for (const doubt of doubts) {
    const line = document.createElement("li");
    line.textContent = doubt;
    list.append(line);
  }
}
