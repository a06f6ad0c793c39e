// Dragging selected tiles onto a class: mouse or pen at once, a finger after a long press.

import { element } from "./dom.js";

const BEGINS_AFTER_PX = 8;
const LONG_PRESS_MS = 450;

export function wireDrag(gallery, selection, drop) {
  let from = null;
  let ghost = null;
  let timer = null;
  const end = () => {
    clearTimeout(timer);
    ghost?.remove();
    aimAt(null);
    from = ghost = null;
  };
  const begin = (event) => {
    ghost = lift(gallery, selection, from.tile);
    move(ghost, event);
  };
  gallery.root.addEventListener("pointerdown", (event) => {
    const tile = event.target.closest?.(".tile");
    if (!tile || event.button !== 0) return;
    const isTouch = event.pointerType === "touch";
    from = { x: event.clientX, y: event.clientY, tile, isTouch };
    // A finger that moves at once scrolls.
    if (isTouch) timer = setTimeout(() => from && begin(event), LONG_PRESS_MS);
  });
  addEventListener("pointermove", (event) => {
    if (!from) return;
    const isFar = Math.hypot(event.clientX - from.x, event.clientY - from.y) > BEGINS_AFTER_PX;
    if (!ghost && isFar && from.isTouch) return end();
    if (!ghost && isFar) begin(event);
    if (ghost) move(ghost, event);
  });
  addEventListener("pointerup", (event) => {
    const button = ghost && buttonAt(event);
    // The click that follows would choose the tile again.
    if (ghost) addEventListener("click", stop, { capture: true, once: true });
    if (ghost) setTimeout(() => removeEventListener("click", stop, { capture: true }), 0);
    end();
    if (button) drop(button.dataset.class);
  });
  addEventListener("pointercancel", end);
  gallery.root.addEventListener("touchmove", (event) => ghost && event.preventDefault(), { passive: false });
  gallery.root.addEventListener("contextmenu", (event) => from?.isTouch && event.preventDefault());
}

const stop = (event) => event.stopPropagation();

const buttonAt = ({ clientX, clientY }) =>
  document.elementFromPoint(clientX, clientY)?.closest("#class-bar [data-class]");

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

function move(ghost, event) {
  ghost.style.transform = `translate(${event.clientX + 6}px, ${event.clientY + 6}px)`;
  const button = buttonAt(event);
  // Over a class the picture gives way, so that no class beside it is hidden.
  ghost.classList.toggle("aiming", Boolean(button));
  aimAt(button);
}

function aimAt(wanted) {
  for (const button of document.querySelectorAll("#class-bar button")) {
    button.classList.toggle("aimed", button === wanted);
  }
}
