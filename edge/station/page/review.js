// The review: select cells, give them a class, remove, take back.

import * as api from "./api.js";
import { isSure } from "./ask.js";
import { finalClass } from "./classes.js";
import { showClassButtons } from "./class_buttons.js";
import { wireDrag } from "./drag.js";
import { find, write } from "./dom.js";
import { Gallery } from "./gallery.js";
import { isUndoChord, wireKeyMap, wishOf } from "./keys.js";
import { wireLargeView } from "./large_view.js";
import { number, say } from "./languages.js";
import { attempt, tell } from "./messages.js";
import { wireSign } from "./sign.js";
import { showAmendment } from "./count_actions.js";
import { who } from "./who.js";

const STEPS = { ArrowRight: () => 1, ArrowLeft: () => -1 };
const selection = new Set();
const history = [];
let cells = new Map();
let report = null;
let isSending = false;
let gallery;
let large;

export function wireReview() {
  gallery = new Gallery(find("gallery"), selection);
  STEPS.ArrowDown = () => gallery.plan.columns;
  STEPS.ArrowUp = () => -gallery.plan.columns;
  large = wireLargeView({
    beside: (steps) => cellOf(gallery.beside(steps)),
    reclassify: (name) => act("reclassify", name, [gallery.active]),
    add,
    key: (event) => onKey(event, [gallery.active]),
  });
  gallery.root.addEventListener("click", onClick);
  gallery.root.addEventListener("dblclick", openLarge);
  gallery.root.addEventListener("keydown", onKey);
  find("undo").onclick = undo;
  find("remove").onclick = () => act("remove");
  find("accept").onclick = () => accept();
  // Wherever the focus is: a press of a button takes it from the gallery.
  addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, textarea, select, dialog");
    if (!isUndoChord(event) || event.defaultPrevented || isTyping || find("view-review").hidden) return;
    event.preventDefault();
    if (!event.repeat) undo();
  });
  addEventListener("keydown", (event) => {
    const isPrinting = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "p";
    if (!isPrinting || find("view-review").hidden) return;
    event.preventDefault();
    gallery.print();
  });
  find("enlarge").onclick = openLarge;
  find("add-cell").onclick = () => large.adding(report, [...cells.values()], cellOf(gallery.active));
  wireKeyMap(showClassBar);
  wireDrag(gallery, selection, reclassify);
  wireSign(() => report.sample.count_id, renew, open => (report = open) && showReview());
}

const cellOf = (id) => cells.get(id);
const reclassify = (name) => act("reclassify", name);
const isUndecided = (cell) => cell && !finalClass(cell) && !cell.is_removed;
const isSigned = () => report?.sample.state === "signed";
const isCounting = () => report?.sample.state === "counting";

/** Load a count's cells and show them; until then nothing of another count is shown. */
export async function openReview(count) {
  report = null;
  find("sign-comment").value = "";
  selection.clear();
  gallery.active = undefined;
  write(find("review-title"), "");
  write(find("open-cells"), "");
  gallery.show(count, []);
  for (const id of ["undo", "accept", "remove", "enlarge", "add-cell", "to-sign"]) find(id).disabled = true;
  await load(count);
  history.length = 0;
  gallery.root.scrollTop = 0;
  showReview();
  const first = gallery.order[0];
  if (first) gallery.activate(first.cell_id);
  showSelection();
  gallery.root.focus({ preventScroll: true });
}

async function load(count) {
  const [said, found] = await Promise.all([api.report(count), api.cells(count)]);
  report = said;
  cells = new Map(found.map((cell) => [cell.cell_id, cell]));
}

/** Read the count on show again, where somebody else may have changed it. */
export async function renew() {
  const shown = report?.sample.count_id;
  if (!shown || find("view-review").hidden) return;
  const [said, found] = await Promise.all([api.report(shown), api.cells(shown)]);
  // What was done here in between is newer than what was asked for.
  if (report?.sample.count_id !== shown || isSending) return;
  report = said;
  cells = new Map(found.map((cell) => [cell.cell_id, cell]));
  for (const id of selection) if (!cells.has(id)) selection.delete(id);
  showReview();
  large.renew(cellOf(gallery.active));
}

/** Show the state again, as after a change of language. */
export function showReview() {
  if (!report) return;
  const name = report.sample.sample_id;
  write(find("review-title"), say("review.title", { name }));
  gallery.show(report.sample.count_id, cells.values(), report.pixel_size_um, report.minimum_probability);
  showAmendment(report);
  showClassBar();
  showOpen();
  showSelection();
}

function showOpen() {
  const { agreement_percent: agreement } = report.differential;
  // Of a count under way the report knows none yet; the cells here are what is shown.
  const open = gallery.groups.get("uncertain").length;
  const line = find("open-cells");
  line.dataset.state = isSigned() ? "signed" : open ? "open" : "settled";
  const agreed = agreement == null ? "" : ` · ${say("review.agreement", { percent: number(agreement, 1) })}`;
  const state = isSigned() ? say("review.signed") : open ? say("review.open", { count: number(open) }) : say("review.settled");
  write(line, state + agreed);
}

function showSelection() {
  gallery.markSelection();
  const hint = say(selection.size ? "review.selected" : "review.hint", { count: number(selection.size) });
  write(find("selection"), isSigned() ? "" : hint);
  const isIdle = isSigned() || !selection.size;
  find("remove").disabled = isIdle;
  find("accept").disabled = isIdle || ![...selection].some((id) => cellOf(id)?.model_class);
  find("undo").disabled = isSigned() || !history.length;
  find("add-cell").disabled = isSigned() || isCounting();
  find("enlarge").disabled = gallery.active === undefined;
  find("to-sign").disabled = false;
  find("to-sign").hidden = isCounting();
  find("to-count").hidden = !isCounting();
  for (const button of find("class-bar").children) button.disabled = isIdle;
}

function showClassBar() {
  find("class-bar").hidden = isSigned();
  showClassButtons(find("class-bar"), reclassify, (name) => gallery.groups.get(name).length);
  large.showClasses();
}

function onClick(event) {
  const id = idAt(event.target);
  if (id === null) return;
  if (event.shiftKey) for (const one of gallery.between(id)) selection.add(one);
  else if (event.ctrlKey || event.metaKey || event.pointerType === "touch") toggle(id);
  else only(id);
  gallery.activate(id);
  showSelection();
}

function only(id) {
  selection.clear();
  selection.add(id);
}

function toggle(id) {
  if (!selection.delete(id)) selection.add(id);
}

function idAt(target) {
  const tile = target.closest?.(".tile");
  return tile ? Number(tile.dataset.cell) : null;
}

function openLarge() {
  const cell = cellOf(gallery.active);
  if (cell) large.open(report, cell);
}

function onKey(event, chosen = [...selection]) {
  const wish = wishOf(event);
  // A key that is held says nothing twice.
  if (wish && event.repeat) event.preventDefault();
  else if (event.key in STEPS) step(STEPS[event.key](), event.shiftKey);
  else if (event.key === "Enter" || event.key === " ") openLarge();
  else if (event.key === "Escape") selection.clear();
  else if (event.key === "a" && event.ctrlKey) selectGroup();
  else if (wish === "undo") undo();
  else if (wish === "accept") accept(chosen);
  else if (wish) act(wish === "remove" ? wish : "reclassify", wish, chosen);
  else return;
  event.preventDefault();
  showSelection();
}

function step(steps, isExtending) {
  // With nothing chosen the first step chooses the active cell.
  const next = gallery.beside(selection.size ? steps : 0);
  if (next === undefined) return;
  if (isExtending) for (const id of gallery.between(next)) selection.add(id);
  else only(next);
  gallery.activate(next);
}

function selectGroup() {
  const active = cellOf(gallery.active);
  for (const members of gallery.groups.values()) {
    if (members.includes(active)) for (const cell of members) selection.add(cell.cell_id);
  }
}

/** Take back the last change made since the review was opened. */
async function undo() {
  const ids = history.at(-1);
  if (!ids || isSigned()) return;
  if (ids.some((id) => cellOf(id)?.reviewed_by !== who.account.name)) {
    history.pop();
    tell(say("review.changedMeanwhile"), "fault");
    return;
  }
  if (!(await attempt(() => settled({ action: "undo", cell_ids: ids })))) return;
  history.pop();
  selection.clear();
  if (cells.has(ids[0])) gallery.activate(ids[0]);
  showSelection();
  large.renew(cellOf(ids[0]));
}

/** Do something to the chosen cells. */
async function act(action, name, ids = [...selection]) {
  if (!report || isSigned()) return;
  if (!ids.length || ids[0] === undefined) {
    tell(say("review.nothingChosen"), "fault");
    return;
  }
  const change = { action, cell_ids: ids };
  if (action === "reclassify") change.class_name = name;
  // The next doubtful cell moves up to the place, and is chosen as it is shown.
  const place = placeOf(ids);
  if (await attempt(() => settled(change))) settle(place);
}

/** Give each chosen cell the class that the model suggests. */
async function accept(ids = [...selection]) {
  if (!report || isSigned()) return;
  const suggested = Map.groupBy(ids.filter((id) => cellOf(id)?.model_class), (id) => cellOf(id).model_class);
  if (!suggested.size) {
    tell(say("review.nothingChosen"), "fault");
    return;
  }
  const place = placeOf(ids);
  for (const [name, of] of suggested) {
    if (!(await attempt(() => settled({ action: "reclassify", class_name: name, cell_ids: of })))) return;
  }
  settle(place);
}

const placeOf = (ids) => Math.min(...ids.map((id) => gallery.order.findIndex((cell) => cell.cell_id === id)));

function settle(place) {
  selection.clear();
  const next = gallery.order[Math.min(Math.max(place, 0), gallery.order.length - 1)];
  if (next) gallery.activate(next.cell_id);
  if (isUndecided(next)) only(next.cell_id);
  showSelection();
  large.renew(cellOf(gallery.active));
}

/** Send a change; where somebody else was quicker, show both and ask. */
async function settled(change) {
  try {
    await send(change);
  } catch (fault) {
    if (fault.code !== "cell_changed") throw fault;
    await renew();
    const { person, theirs } = fault.values;
    const yours = say(change.class_name ? `class.${change.class_name}` : `review.${change.action}`);
    const question = say("review.conflict", { person, theirs: say(`class.${theirs}`), yours });
    if (!(await isSure(question, say("review.takeMine")))) throw fault;
    await settled(change);
  }
}

async function add(frame, box, name) {
  const change = { action: "add", cell_ids: [], class_name: name, frame, box_xyxy: box };
  return attempt(() => send(change));
}

async function send(change) {
  const seen = change.cell_ids.map((id) => cellOf(id)?.digest ?? "");
  isSending = true;
  try {
    const said = await api.review(report.sample.count_id, { ...change, seen });
    for (const cell of said.cells) cells.set(cell.cell_id, cell);
    if (change.action !== "undo") history.push(said.cells.map((cell) => cell.cell_id));
    report = { ...report, differential: said.differential };
  } finally {
    isSending = false;
  }
  showReview();
}
