// Cells outlined on their frame: colour and letter by class, dashes where uncertain.

import { classOf, UNCERTAIN } from "./classes.js";

const RED_CELL = "#b4505a";
const HALO = "rgba(255, 255, 255, 0.9)";

/** Draw picture and cells; `cells` have `box` in pixels of a frame `width` wide. */
export function drawFrame(canvas, picture, { width, height, cells }) {
  canvas.width = picture.naturalWidth;
  canvas.height = Math.round((picture.naturalWidth * height) / width);
  const pen = canvas.getContext("2d");
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const scale = canvas.width / width;
  for (const cell of cells) drawCell(pen, cell, cell.box.map((edge) => edge * scale));
}

function drawCell(pen, cell, box) {
  if (cell.kind === "red_cell") drawRedCell(pen, box);
  else drawStained(pen, cell, box);
}

function drawRedCell(pen, [left, top, right, bottom]) {
  pen.strokeStyle = RED_CELL;
  pen.lineWidth = 1;
  pen.globalAlpha = 0.55;
  pen.beginPath();
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  pen.ellipse(x, y, (right - left) / 2, (bottom - top) / 2, 0, 0, 7);
  pen.stroke();
  pen.globalAlpha = 1;
}

function drawStained(pen, cell, box) {
  const isCounted = cell.status === "counted";
  const isUncertain = cell.status === "uncertain";
  const look = isUncertain ? UNCERTAIN : classOf(cell.class_name);
  const [left, top, right, bottom] = box;
  const outline = (colour, lineWidth) => {
    pen.strokeStyle = colour;
    pen.lineWidth = lineWidth;
    pen.strokeRect(left, top, right - left, bottom - top);
  };
  if (!isCounted && !isUncertain) {
    outline("#6e6e6e", 1);
    return;
  }
  outline(HALO, 6);
  pen.setLineDash(isUncertain ? [8, 5] : []);
  outline(isUncertain ? "#000000" : look.colour, 3);
  pen.setLineDash([]);
  drawLetter(pen, look, left, top);
}

function drawLetter(pen, look, left, top) {
  const side = 22;
  const y = Math.max(0, top - side);
  pen.fillStyle = look.colour;
  pen.fillRect(left - 2, y, side, side);
  pen.fillStyle = look.ink;
  pen.font = "bold 17px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(look.letter, left - 2 + side / 2, y + side / 2 + 1);
}
