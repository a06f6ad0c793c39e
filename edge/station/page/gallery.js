// The gallery: only rows in sight are in the document, so 10,000 cells scroll smoothly.

import { CROP_SIDE_UM, cropUrl } from "./api.js";
import { classOf, finalClass } from "./classes.js";
import { badge } from "./differential.js";
import { element } from "./dom.js";
import { grouped, layOut, TILE, visibleRows } from "./gallery_layout.js";
import { number, say } from "./languages.js";

const BEYOND_PX = 3 * TILE;

export class Gallery {
  /** `root` scrolls; `selected` is a set of cell ids that the caller keeps. */
  constructor(root, selection) {
    this.root = root;
    this.selection = selection;
    this.spacer = element("div", { className: "spacer", role: "presentation" });
    this.shown = new Map();
    this.plan = { rows: [], height: 0, columns: 1 };
    root.append(this.spacer);
    root.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.layOut()).observe(root);
    addEventListener("beforeprint", () => this.drawAll());
    addEventListener("afterprint", () => this.redraw());
  }

  /** Draw every row, in order, as paper has them. */
  drawAll() {
    this.plan.rows.forEach((_, index) => this.shown.has(index) || this.addRow(index));
    this.spacer.append(...this.plan.rows.map((_, index) => this.shown.get(index)));
    this.markSelection();
  }

  /** Print with every picture there: on paper none can come later. */
  async print() {
    this.drawAll();
    const pictures = [...this.spacer.querySelectorAll("img")];
    await Promise.all(pictures.map((picture) => picture.decode().catch(() => null)));
    print();
  }

  /**
   * Show these cells of a count, whose frames have pixels of this size, or null, and
   * whose model was asked for this probability at least, or null.
   */
  show(count, cells, pixelSizeUm, minimumProbability) {
    this.minimumProbability = minimumProbability;
    this.count = count;
    this.pixelSizeUm = pixelSizeUm;
    this.groups = grouped(cells);
    this.order = [...this.groups.values()].flat();
    this.layOut();
  }

  layOut() {
    if (!this.groups || !this.root.clientWidth) return;
    this.plan = layOut(this.groups, this.root.clientWidth - 8);
    this.spacer.style.height = `${this.plan.height}px`;
    this.redraw();
  }

  /** Draw all rows in sight anew, as after a change of the selection. */
  redraw() {
    this.shown.clear();
    this.spacer.replaceChildren();
    this.draw();
  }

  draw() {
    const from = this.root.scrollTop - BEYOND_PX;
    const to = this.root.scrollTop + this.root.clientHeight + BEYOND_PX;
    const wanted = new Set(visibleRows(this.plan.rows, from, to));
    for (const [index, row] of this.shown) {
      if (wanted.has(index)) continue;
      row.remove();
      this.shown.delete(index);
    }
    for (const index of wanted) if (!this.shown.has(index)) this.addRow(index);
    this.markSelection();
  }

  addRow(index) {
    const row = this.plan.rows[index];
    const made = row.group ? this.head(row) : this.tiles(row);
    made.style.transform = `translateY(${row.top}px)`;
    this.shown.set(index, made);
    this.spacer.append(made);
  }

  head({ group, count }) {
    const text = say("review.group", { name: say(`class.${group}`), count: number(count) });
    const name = element("span", { textContent: text });
    return element("div", { className: "group-head", role: "presentation" }, badge(classOf(group)), name);
  }

  tiles({ cells }) {
    const made = cells.map((cell) => this.tile(cell));
    return element("div", { className: "tile-row", role: "presentation" }, ...made);
  }

  tile(cell) {
    const picture = element("img", { src: cropUrl(this.count, cell.cell_id), alt: "", draggable: false });
    const why = doubtOf(cell, this.minimumProbability);
    const call = why ? `${callOf(cell)} · ${say(`doubt.${why}`)}` : callOf(cell);
    const doubt = element("span", { className: "doubt", textContent: call });
    const mark = element("span", { className: "mark" });
    placeMark(mark, cell, this.pixelSizeUm);
    const tile = element("div", { className: "tile", role: "option", id: `cell${cell.cell_id}` }, picture, mark, doubt);
    tile.dataset.cell = cell.cell_id;
    // What is seen is a part of what is said.
    const said = why ? `${call}, ${whyText(why, this.minimumProbability)}` : call;
    tile.setAttribute("aria-label", labelOf(cell, said));
    if (cell.person_class) tile.append(badge(classOf(finalClass(cell) ?? "removed")));
    return tile;
  }

  markSelection() {
    for (const tile of this.spacer.querySelectorAll(".tile")) {
      const id = Number(tile.dataset.cell);
      tile.setAttribute("aria-selected", this.selection.has(id));
      tile.classList.toggle("active", id === this.active);
    }
  }

  /** Make a cell the active one and bring it in sight. */
  activate(id) {
    this.active = id;
    const row = this.plan.rows.find((one) => one.cells?.some((cell) => cell.cell_id === id));
    if (row) this.bringInSight(row.top);
    this.draw();
    if (this.spacer.querySelector(`#cell${CSS.escape(id)}`)) this.root.setAttribute("aria-activedescendant", `cell${id}`);
  }

  bringInSight(top) {
    const { scrollTop, clientHeight } = this.root;
    if (top < scrollTop) this.root.scrollTop = top;
    else if (top + TILE > scrollTop + clientHeight) this.root.scrollTop = top + TILE - clientHeight;
  }

  /** The cell so many places after the active one, in the gallery's order. */
  beside(steps) {
    const at = this.order.findIndex((cell) => cell.cell_id === this.active);
    const wanted = Math.min(this.order.length - 1, Math.max(0, at + steps));
    return this.order[wanted]?.cell_id;
  }

  /** Ids from the active cell to another one, both included. */
  between(id) {
    const ids = this.order.map((cell) => cell.cell_id);
    const ends = [ids.indexOf(this.active), ids.indexOf(id)].sort((one, other) => one - other);
    return ids.slice(Math.max(0, ends[0]), ends[1] + 1);
  }
}

/** The reason of a doubt in words. */
export const whyText = (why, minimum) => say(`doubt.${why}.long`, { least: number(100 * minimum, 1) });

/** Why the model left a cell to a person: "probability", "unlike", or null. */
export function doubtOf({ is_uncertain: isUncertain, model_probability: probability }, minimum) {
  if (!isUncertain || minimum == null || probability == null) return null;
  return probability < minimum ? "probability" : "unlike";
}

/** What the model called a cell, briefly. */
export function callOf(cell) {
  if (!cell.model_class) return say("review.added");
  const percent = 100 * (cell.model_probability ?? 0);
  // Nothing is told as certain that is not.
  const said = percent > 99 && percent < 100 ? `> ${number(99)}` : number(Math.floor(percent));
  return `${classOf(cell.model_class).letter} ${said} %`;
}

/** Set corners around the cell in the middle of its crop: others may lie beside it. */
export function placeMark(mark, { box_xyxy: [left, top, right, bottom] }, pixelSizeUm) {
  mark.hidden = !pixelSizeUm;
  if (!pixelSizeUm) return;
  const share = (side) => `${Math.min(96, (110 * side * pixelSizeUm) / CROP_SIDE_UM)}%`;
  mark.style.width = share(right - left);
  mark.style.height = share(bottom - top);
}

function labelOf(cell, call) {
  const now = finalClass(cell);
  const name = cell.is_removed ? say("class.removed") : say(`class.${now ?? "uncertain"}`);
  return `${name}, ${say("review.model")} ${call}`;
}
