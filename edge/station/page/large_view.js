// One cell large, with its frame and place; and adding a cell by a click on the frame.

import * as api from "./api.js";
import { CLASSES, finalClass } from "./classes.js";
import { element, find } from "./dom.js";
import { callOf } from "./gallery.js";
import { moment, number, say } from "./languages.js";
import { drawFrame } from "./overlay.js";
import { tell } from "./messages.js";

const CELL_UM = 14;
const FALLBACK_SIDE_PX = 120;

/** Wire the dialog; `hear` has `beside(steps)`, `add(frame, box, class)` and `key(event)`. */
export function wireLargeView(hear) {
  const view = new LargeView(hear);
  find("large-close").onclick = () => find("large").close();
  find("previous").onclick = () => view.step(-1);
  find("next").onclick = () => view.step(1);
  find("field").onclick = (event) => view.addAt(event);
  find("add-frame").onchange = () => view.showField(find("add-frame").value);
  find("large").addEventListener("keydown", (event) => view.onKey(event));
  return view;
}

class LargeView {
  constructor(hear) {
    this.hear = hear;
    this.isAdding = false;
    this.marked = [];
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
    find("add-class").replaceChildren(
      ...CLASSES.map(({ name }) => new Option(say(`class.${name}`), name)),
    );
    find("large-title").textContent = say("review.add");
    this.showField(find("add-frame").value);
    find("large").showModal();
  }

  setAdding(isAdding) {
    this.isAdding = isAdding;
    find("adding").hidden = !isAdding;
    find("large").classList.toggle("is-adding", isAdding);
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
    find("large-facts").replaceChildren(...facts(cell));
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
    const cells = this.marked.filter((cell) => cell.frame === frame).map(asDrawn);
    const { naturalWidth: width, naturalHeight: height } = picture;
    drawFrame(find("field"), picture, { width, height, cells });
  }

  async addAt(event) {
    if (!this.isAdding) return;
    const box = this.boxAt(event);
    const isAdded = await this.hear.add(this.frame, box, find("add-class").value);
    if (!isAdded) return;
    find("large").close();
    tell(say("review.wasAdded"));
  }

  boxAt({ offsetX, offsetY }) {
    const canvas = find("field");
    const scale = canvas.width / canvas.clientWidth;
    const pixel = this.report.pixel_size_um;
    const side = Math.round(pixel ? CELL_UM / pixel : FALLBACK_SIDE_PX);
    const left = clamp(Math.round(offsetX * scale - side / 2), 0, canvas.width - side);
    const top = clamp(Math.round(offsetY * scale - side / 2), 0, canvas.height - side);
    return [left, top, left + side, top + side];
  }

  step(steps) {
    const arrow = steps > 0 ? "ArrowRight" : "ArrowLeft";
    this.hear.key(new KeyboardEvent("keydown", { key: arrow }));
    this.renew(this.hear.beside(0));
  }

  onKey(event) {
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

function facts(cell) {
  const person = cell.reviewed_by ? `${cell.reviewed_by}, ${moment(cell.reviewed_at)}` : "–";
  const place = cell.position_um?.map((part) => `${number(part)} µm`).join(", ") ?? "–";
  const rows = [
    ["review.model", cell.model_class ? `${say(`class.${cell.model_class}`)} (${callOf(cell)})` : "–"],
    ["large.person", cell.person_class ? say(`class.${cell.person_class}`) : "–"],
    ["large.by", person],
    ["large.frame", cell.frame],
    ["large.place", place],
  ];
  return rows.map(([key, value]) =>
    element("div", {}, element("dt", { textContent: say(key) }), element("dd", { textContent: value })),
  );
}
