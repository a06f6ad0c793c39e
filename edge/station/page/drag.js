// Dragging selected tiles onto a class, with mouse or pen; fingers tap instead.

import { element } from "./dom.js";

const BEGINS_AFTER_PX = 8;

export function wireDrag(gallery, selection, drop) {
  let from = null;
  let ghost = null;
  gallery.root.addEventListener("pointerdown", (event) => {
    const tile = event.target.closest?.(".tile");
    if (tile && event.button === 0 && event.pointerType !== "touch") {
      from = { x: event.clientX, y: event.clientY, tile };
    }
  });
  addEventListener("pointermove", (event) => {
    if (!from) return;
    const way = Math.hypot(event.clientX - from.x, event.clientY - from.y);
    if (!ghost && way > BEGINS_AFTER_PX) ghost = lift(gallery, selection, from.tile);
    if (ghost) move(ghost, event);
  });
  addEventListener("pointerup", (event) => {
    const target = ghost && document.elementFromPoint(event.clientX, event.clientY);
    ghost?.remove();
    from = ghost = null;
    const button = target?.closest("#class-bar [data-class]");
    if (button) drop(button.dataset.class);
  });
  addEventListener("pointercancel", () => {
    ghost?.remove();
    from = ghost = null;
  });
}

function lift(gallery, selection, tile) {
  const id = Number(tile.dataset.cell);
  if (!selection.has(id)) {
    selection.clear();
    selection.add(id);
    gallery.activate(id);
  }
  for (const button of document.querySelectorAll("#class-bar button")) button.disabled = false;
  const picture = tile.querySelector("img").cloneNode();
  const ghost = element("div", { className: "ghost" }, picture, String(selection.size));
  document.body.append(ghost);
  return ghost;
}

function move(ghost, { clientX, clientY }) {
  ghost.style.transform = `translate(${clientX + 6}px, ${clientY + 6}px)`;
}
