// A Levey-Jennings chart: a control's values over days, with mean and limits.

import { svg } from "./dom.js";
import { number, say } from "./languages.js";

const WIDTH = 640;
const HEIGHT = 200;
const LEFT = 64;
const EDGE = 14;

/** Draw points `{at, value}`, one at least; `mean` and `sd` give the limits at 1, 2 and 3 s. */
export function drawChart(title, points, mean, sd) {
  const chart = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "chart" });
  chart.append(svg("title", {}, summary(title, points, mean)));
  const place = placer(points, mean, sd);
  for (const line of limitLines(points, mean, sd)) chart.append(...drawLimit(line, place));
  const way = points.map((point, index) => `${place.x(index)},${place.y(point.value)}`);
  chart.append(svg("polyline", { class: "values", points: way.join(" ") }));
  points.forEach((point, index) => chart.append(drawPoint(point, index, place, mean, sd)));
  return chart;
}

function summary(title, points, mean) {
  const last = points.at(-1);
  return say("chart.summary", { title, count: points.length, mean: number(mean, 1), last: number(last.value, 1) });
}

function limitLines(points, mean, sd) {
  if (mean == null) return extremes(points);
  const levels = sd ? [-3, -2, -1, 0, 1, 2, 3] : [0];
  return levels.map((level) => ({ level, value: mean + level * (sd ?? 0) }));
}

function extremes(points) {
  const values = points.map(({ value }) => value);
  return [...new Set([Math.min(...values), Math.max(...values)])].map((value) => ({ level: 0, value }));
}

function placer(points, mean, sd) {
  const reach = [...points.map(({ value }) => value), ...limitLines(points, mean, sd).map(({ value }) => value)];
  const low = Math.min(...reach);
  const span = Math.max(...reach) - low || 1;
  const step = (WIDTH - LEFT - EDGE) / Math.max(points.length - 1, 1);
  return {
    x: (index) => LEFT + index * step,
    y: (value) => HEIGHT - EDGE - ((value - low) / span) * (HEIGHT - 2 * EDGE),
  };
}

function drawLimit({ level, value }, place) {
  const y = place.y(value);
  const line = svg("line", { x1: LEFT, x2: WIDTH - EDGE, y1: y, y2: y, class: `limit s${Math.abs(level)}` });
  const text = svg("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, level ? `${level > 0 ? "+" : "−"}${Math.abs(level)} s` : number(value, 1));
  return [line, text];
}

function drawPoint(point, index, place, mean, sd) {
  const isOutside = sd ? Math.abs(point.value - mean) > 2 * sd : false;
  const [x, y] = [place.x(index), place.y(point.value)];
  // A diamond, not only a colour, says that a value lies beyond 2 s.
  if (isOutside) return svg("path", { class: "outside", d: `M${x} ${y - 7}L${x + 7} ${y}L${x} ${y + 7}L${x - 7} ${y}Z` });
  return svg("circle", { class: "inside", cx: x, cy: y, r: 4 });
}
