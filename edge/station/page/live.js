// The live view: what the camera sees and what the count comes to.

import * as api from "./api.js";
import { showDifferential } from "./differential.js";
import { find, write } from "./dom.js";
import { followCount } from "./feed.js";
import { number, say } from "./languages.js";
import { drawFrame } from "./overlay.js";
import { showSteering } from "./steer.js";

const NOTHING_YET = { shares: [] };

let account = null;
let newest = null;
let isConnected = true;
let newestFrame = null;
let isDrawing = false;

/** Begin to follow the count for an account; call once. */
export function beginLive(person) {
  account = person;
  return followCount({
    progress: (progress) => {
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
  document.body.classList.toggle("disconnected", !isConnected);
  if (!newest) return;
  showState(newest);
  showFault(newest.fault);
  showProgress(newest);
  showOptics(newest);
  showDifferential(find("live-differential"), newest.differential ?? NOTHING_YET);
  showOthers(newest);
  showDoubts(newest.slide_doubts ?? []);
  await showSteering(newest, account);
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
  if (frame.left_out) write(why, say("live.leftOut", { why: say(frame.left_out) }));
}

function showState({ state, target }) {
  const line = find("state");
  line.dataset.state = isConnected ? state : "lost";
  write(line, isConnected ? say(`state.${state}`, { target }) : say("state.lost"));
}

function showFault(fault) {
  find("fault").hidden = !fault;
  if (fault) write(find("fault"), [fault.what, fault.mend].filter(Boolean).join(" "));
}

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

function showOthers({ nrbc, platelets, red_cells: redCells }) {
  const values = { nrbc: number(nrbc), platelets: number(platelets), red: number(redCells) };
  write(find("others"), say("live.others", values));
}

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
