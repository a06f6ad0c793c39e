// One cell large, with its frame and place; and adding a cell by a click on the frame.

import * as api from "./api.js";
import { showClassButtons } from "./class_buttons.js";
import { finalClass } from "./classes.js";
import { element, find, write } from "./dom.js";
import { callOf, doubtOf, placeMark, whyText } from "./gallery.js";
import { moment, number, say } from "./languages.js";
import { drawAim, drawFrame } from "./overlay.js";
import { tell } from "./messages.js";

const CELL_UM = 14;
const FALLBACK_SIDE_PX = 120;
const AIM_STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * Wire the dialog; `hear` has `beside(steps)`, `add(frame, box, class)`,
 * `reclassify(class)` and `key(event)`.
 */
export function wireLargeView(hear) {
  const view = new LargeView(hear);
  find("large-close").onclick = () => find("large").close();
  find("previous").onclick = () => view.step(-1);
  find("next").onclick = () => view.step(1);
  find("field").onclick = (event) => view.onClick(event);
  find("add-frame").onchange = () => view.showField(find("add-frame").value);
  find("large").addEventListener("keydown", (event) => view.onKey(event));
  return view;
}

class LargeView {
  constructor(hear) {
    this.hear = hear;
    this.isAdding = false;
    this.marked = [];
    this.wanted = null;
    this.aim = null;
  }

  open(report, cell) {
    this.report = report;
    this.setAdding(false);
    this.show(cell);
    if (!find("large").open) find("large").showModal();
  }

  /** Offer the frames of a count, to mark a cell that was missed. */
  adding(report, cells, active) {
    this.report = report;
    this.setAdding(true);
    this.marked = cells;
    const frames = [...new Set(cells.map((cell) => cell.frame))].sort();
    find("add-frame").replaceChildren(...frames.map((name) => new Option(name, name)));
    find("add-frame").value = active?.frame ?? frames[0];
    find("large-title").textContent = say("review.add");
    this.showField(find("add-frame").value);
    find("large").showModal();
  }

  setAdding(isAdding) {
    this.isAdding = isAdding;
    this.wanted = this.aim = null;
    find("adding").hidden = !isAdding;
    find("field").tabIndex = isAdding ? 0 : -1;
    find("field").setAttribute("role", isAdding ? "application" : "img");
    find("large").classList.toggle("is-adding", isAdding);
    for (const one of ["previous", "next"]) find(one).hidden = isAdding;
    this.showClasses();
  }

  /** Show the classes: what a cell becomes, or what the missed one is. */
  showClasses() {
    const home = find("large-classes");
    home.hidden = this.report?.sample.state === "signed";
    showClassButtons(home, (name) => this.choose(name));
    write(find("add-how"), say(this.wanted ? "large.clickHere" : "large.chooseFirst"));
    if (!this.isAdding) return;
    for (const button of home.children) {
      button.setAttribute("aria-pressed", button.dataset.class === this.wanted);
    }
  }

  choose(name) {
    if (!this.isAdding) {
      this.hear.reclassify(name);
      return;
    }
    this.wanted = name;
    this.showClasses();
    find("field").focus();
  }

  /** Show the cell again, after it was changed or another became active. */
  renew(cell) {
    if (find("large").open && !this.isAdding && cell) this.show(cell);
  }

  show(cell) {
    this.marked = [cell];
    const now = cell.is_removed ? "removed" : (finalClass(cell) ?? "uncertain");
    find("large-title").textContent = say(`class.${now}`);
    find("large-crop").src = api.cropUrl(this.report.sample.count_id, cell.cell_id);
    placeMark(find("large-mark"), cell, this.report.pixel_size_um);
    find("large-facts").replaceChildren(...facts(cell, this.report.minimum_probability));
    this.showField(cell.frame);
  }

  async showField(frame) {
    this.frame = frame;
    const picture = new Image();
    picture.src = api.fieldUrl(this.report.sample.count_id, frame);
    try {
      await picture.decode();
    } catch {
      tell(say("large.noField"), "fault");
      return;
    }
    if (this.frame !== frame) return;
    this.picture = picture;
    this.draw();
  }

  draw() {
    if (!this.picture) return;
    const cells = this.marked.filter((cell) => cell.frame === this.frame).map(asDrawn);
    const { naturalWidth: width, naturalHeight: height } = this.picture;
    drawFrame(find("field"), this.picture, { width, height, cells });
    if (this.aim) drawAim(find("field"), this.boxAt(this.aim));
  }

  onClick({ offsetX, offsetY }) {
    if (!this.isAdding) return;
    const scale = find("field").width / find("field").clientWidth;
    this.addAt([offsetX * scale, offsetY * scale]);
  }

  async addAt(place) {
    if (!this.wanted) {
      tell(say("large.chooseFirst"), "fault");
      return;
    }
    const isAdded = await this.hear.add(this.frame, this.boxAt(place), this.wanted);
    if (!isAdded) return;
    find("large").close();
    tell(say("review.wasAdded"));
  }

  boxAt([x, y]) {
    const canvas = find("field");
    const pixel = this.report.pixel_size_um;
    const side = Math.round(pixel ? CELL_UM / pixel : FALLBACK_SIDE_PX);
    const left = clamp(Math.round(x - side / 2), 0, canvas.width - side);
    const top = clamp(Math.round(y - side / 2), 0, canvas.height - side);
    return [left, top, left + side, top + side];
  }

  /** Move the aim with the arrow keys, and add where it is with Enter. */
  aimBy(event) {
    const canvas = find("field");
    const way = AIM_STEPS[event.key];
    if (!way && event.key !== "Enter") return;
    event.preventDefault();
    this.aim ??= [canvas.width / 2, canvas.height / 2];
    if (event.key === "Enter") {
      this.addAt(this.aim);
      return;
    }
    const step = event.shiftKey ? 2 : Math.round(canvas.width / 40);
    this.aim = [
      clamp(this.aim[0] + way[0] * step, 0, canvas.width),
      clamp(this.aim[1] + way[1] * step, 0, canvas.height),
    ];
    this.draw();
  }

  step(steps) {
    const arrow = steps > 0 ? "ArrowRight" : "ArrowLeft";
    this.hear.key(new KeyboardEvent("keydown", { key: arrow }));
    this.renew(this.hear.beside(0));
  }

  onKey(event) {
    if (this.isAdding && event.target === find("field")) this.aimBy(event);
    const isTyping = event.target.closest("select, button") && [" ", "Enter"].includes(event.key);
    if (this.isAdding || isTyping || event.key === "Escape") return;
    if (event.key.startsWith("Arrow")) this.step(["ArrowRight", "ArrowDown"].includes(event.key) ? 1 : -1);
    else this.hear.key(event);
    event.preventDefault();
  }
}

const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

function asDrawn(cell) {
  const name = finalClass(cell);
  const status = cell.is_removed ? "removed" : name ? "counted" : "uncertain";
  return { box: cell.box_xyxy, kind: "white_cell", class_name: name, status };
}

// Fields that overlap make a part of the slide; where parts lie to each other nobody knows.
function placeOf({ place, position_um: position }) {
  if (place == null || !position) return "–";
  const [x, y] = position.map((part) => number(part));
  return say("large.placeOf", { part: number(place + 1), x, y });
}

function facts(cell, minimum) {
  const person = cell.reviewed_by ? `${cell.reviewed_by}, ${moment(cell.reviewed_at)}` : "–";
  const why = doubtOf(cell, minimum);
  const rows = [
    ["review.model", cell.model_class ? `${say(`class.${cell.model_class}`)} (${callOf(cell)})` : "–"],
    ...(why ? [["doubt", whyText(why, minimum)]] : []),
    ["large.person", cell.person_class ? say(`class.${cell.person_class}`) : "–"],
    ["large.by", person],
    ["large.frame", cell.frame],
    ["large.place", placeOf(cell)],
  ];
  return rows.map(([key, value]) =>
    element("div", {}, element("dt", { textContent: say(key) }), element("dd", { textContent: value })),
  );
}
