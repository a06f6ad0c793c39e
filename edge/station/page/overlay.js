// Cells outlined on their frame: colour and letter by class, dashes where uncertain.

import { classOf, UNCERTAIN } from "./classes.js";

const RED_CELL = "#b4505a";
const HALO = "rgba(255, 255, 255, 0.9)";

/** Draw picture and cells; `cells` have `box` in pixels of a frame `width` wide. */
export function drawFrame(canvas, picture, { width, height, cells }) {
  const size = [picture.naturalWidth, Math.round((picture.naturalWidth * height) / width)];
  // Setting a size clears the canvas and moves what stands below: only when it changes.
  if (canvas.width !== size[0]) canvas.width = size[0];
  if (canvas.height !== size[1]) canvas.height = size[1];
  const pen = canvas.getContext("2d");
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const scale = canvas.width / width;
  // Lines and letters are as large on a tablet as on a laptop.
  const dot = Math.max(1, canvas.width / (canvas.clientWidth || canvas.width));
  for (const cell of cells) drawCell(pen, cell, cell.box.map((edge) => edge * scale), dot);
}

function drawCell(pen, cell, box, dot) {
  if (cell.kind === "red_cell") drawRedCell(pen, box, dot);
  else drawStained(pen, cell, box, dot);
}

function drawRedCell(pen, [left, top, right, bottom], dot) {
  pen.strokeStyle = RED_CELL;
  pen.lineWidth = dot;
  pen.globalAlpha = 0.55;
  pen.beginPath();
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  pen.ellipse(x, y, (right - left) / 2, (bottom - top) / 2, 0, 0, 7);
  pen.stroke();
  pen.globalAlpha = 1;
}

function drawStained(pen, cell, box, dot) {
  const isCounted = cell.status === "counted";
  const isUncertain = cell.status === "uncertain";
  const look = isUncertain ? UNCERTAIN : classOf(cell.class_name);
  const [left, top, right, bottom] = box;
  const outline = (colour, lineWidth) => {
    pen.strokeStyle = colour;
    pen.lineWidth = lineWidth * dot;
    pen.strokeRect(left, top, right - left, bottom - top);
  };
  if (!isCounted && !isUncertain) {
    outline("#6e6e6e", 1);
    return;
  }
  outline(HALO, 6);
  pen.setLineDash(isUncertain ? [8 * dot, 5 * dot] : []);
  outline(isUncertain ? "#000000" : look.colour, 3);
  pen.setLineDash([]);
  drawLetter(pen, look, left, top, dot);
}

function drawLetter(pen, look, left, top, dot) {
  const side = 18 * dot;
  const y = Math.max(0, top - side);
  pen.fillStyle = look.colour;
  pen.fillRect(left - 2, y, side, side);
  pen.fillStyle = look.ink;
  pen.font = `bold ${15 * dot}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(look.letter, left - 2 + side / 2, y + side / 2 + 1);
}

/** Draw where a cell would be added. */
export function drawAim(canvas, [left, top, right, bottom]) {
  const pen = canvas.getContext("2d");
  const dot = Math.max(1, canvas.width / (canvas.clientWidth || canvas.width));
  for (const [colour, lineWidth] of [[HALO, 6], ["#000000", 2]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = lineWidth * dot;
    pen.strokeRect(left, top, right - left, bottom - top);
  }
}
