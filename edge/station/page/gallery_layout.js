// Where each tile of the gallery lies: groups in order, doubt first, rows of equal height.

import { CLASSES, groupOf } from "./classes.js";

export const TILE = 128;
export const HEAD = 44;

export const GROUPS = ["uncertain", ...CLASSES.map(({ name }) => name), "removed"];

// A cell that a person added has no probability; it stands with the most doubtful.
const doubtFirst = (one, other) =>
  (one.model_probability ?? 0) - (other.model_probability ?? 0) || one.cell_id - other.cell_id;

/** Cells by group, each sorted by doubt. */
export function grouped(cells) {
  const groups = new Map(GROUPS.map((name) => [name, []]));
  for (const cell of cells) groups.get(groupOf(cell)).push(cell);
  for (const members of groups.values()) members.sort(doubtFirst);
  return groups;
}

/** Rows from top to bottom: heads `{group, count, top}` and `{cells, top}`. */
export function layOut(groups, width) {
  const columns = Math.max(1, Math.floor(width / TILE));
  const rows = [];
  let top = 0;
  for (const [group, cells] of groups) {
    if (!cells.length) continue;
    rows.push({ group, count: cells.length, top });
    top += HEAD;
    for (let first = 0; first < cells.length; first += columns) {
      rows.push({ cells: cells.slice(first, first + columns), top });
      top += TILE;
    }
  }
  return { rows, height: top, columns };
}

/** The first and last row that touch the window from `from` to `to`. */
export function visibleRows(rows, from, to) {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].top < from - TILE) low = middle + 1;
    else high = middle;
  }
  const shown = [];
  for (let index = low; index < rows.length && rows[index].top < to; index += 1) shown.push(index);
  return shown;
}
