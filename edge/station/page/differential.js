// The differential: a table with a bar, its 95 % limits and the reference band by class.

import { CLASSES, classOf, NOT_LEUKOCYTES } from "./classes.js";
import { element, svg, write } from "./dom.js";
import { isKnown, number, say } from "./languages.js";

const UNITS = { erythroblast: "per100", platelet: "perField" };
const FLAG_MARKS = { low: "▼", high: "▲", maybe_low: "▽", maybe_high: "△", undecided: "?" };

/** Show a differential in a table body; rows are made once and then only written. */
export function showDifferential(body, differential) {
  if (!body.rows.length) body.append(...CLASSES.map(emptyRow));
  const shares = new Map(differential.shares.map((share) => [share.class_name, share]));
  for (const row of body.rows) fillRow(row, shares.get(row.dataset.class), differential);
  showProvisional(body.parentElement, differential.open_cells ?? 0);
}

// Uncertain cells may still change every share: the table then says between what.
function showProvisional(table, open) {
  table.classList.toggle("provisional", open > 0);
  const caption = open ? say("differential.provisional", { count: number(open) }) : say("differential.caption");
  write(table.caption, caption);
  const range = table.tHead.querySelector(".range");
  range.dataset.say = open ? "column.possible" : "column.limits";
  write(range, say(range.dataset.say));
}

/** A square with the class's letter on its colour. */
export function badge(look) {
  const made = element("span", { className: "badge", textContent: look.letter });
  made.setAttribute("aria-hidden", "true");
  made.style.setProperty("--class-colour", look.colour);
  made.style.setProperty("--class-ink", look.ink);
  return made;
}

function emptyRow({ name }) {
  const row = element("tr", { data: { class: name } });
  const head = element("th", { scope: "row" }, badge(classOf(name)), element("span"));
  row.append(head);
  for (const column of ["count", "percent", "bar", "range", "expected", "flag"]) {
    row.append(element("td", { className: column }));
  }
  return row;
}

function fillRow(row, share, differential) {
  const [head, count, percent, bar, range, expected, flag] = row.cells;
  const unit = UNITS[row.dataset.class];
  write(head.lastChild, say(`class.${row.dataset.class}`) + (unit ? `, ${say(unit)}` : ""));
  write(count, number(share?.count ?? 0));
  if (NOT_LEUKOCYTES.has(row.dataset.class)) {
    write(percent, besideText(row.dataset.class, differential));
    if (row.dataset.class === "erythroblast") {
      write(range, rangeText(differential.nrbc_possible_per_100_wbc ?? differential.nrbc_ci95_per_100_wbc, 1));
      write(expected, referenceText(differential.nrbc_reference_per_100_wbc));
      showFlag(flag, differential.nrbc_flag);
    }
    return;
  }
  write(percent, share?.percent == null ? "–" : `${number(share.percent, 1)} %`);
  bar.replaceChildren(...(share?.percent == null ? [] : [drawBar(share)]));
  write(range, rangeText(share?.possible_percent ?? share?.ci95_percent, 1));
  write(expected, referenceText(share?.reference_percent));
  showFlag(flag, share?.flag);
}

const besideText = (name, { nrbc_per_100_wbc: ratio, platelets_per_field: perField }) =>
  number(name === "erythroblast" ? ratio : perField, 1);

const rangeText = (limits, digits) =>
  limits ? limits.map((limit) => number(limit, digits)).join(" – ") : "";

const referenceText = (limits) =>
  limits ? limits.map((limit) => number(limit, Number.isInteger(limit) ? 0 : 1)).join(" – ") : "";

/** Whose reference ranges these are, and where they are from. */
export function referenceOf({ reference_of: name, reference_source: source }) {
  if (!name) return "";
  const key = `age.${name}`;
  return say("differential.reference", { name: isKnown(key) ? say(key) : name, source });
}

function showFlag(cell, flag) {
  const text = flag ? `${FLAG_MARKS[flag]} ${say(`flag.${flag}`)}` : "";
  write(cell, text);
  cell.dataset.flag = flag ?? "";
}

function drawBar(share) {
  const bar = svg("svg", { viewBox: "0 0 100 20", preserveAspectRatio: "none", "aria-hidden": true });
  if (share.reference_percent) {
    const [low, high] = share.reference_percent;
    bar.append(svg("rect", { class: "reference", x: low, y: 0, width: high - low, height: 20 }));
  }
  const fill = classOf(share.class_name).colour;
  bar.append(svg("rect", { class: "share", x: 0, y: 5, width: share.percent, height: 10, fill }));
  const [low, high] = share.possible_percent ?? share.ci95_percent ?? [share.percent, share.percent];
  bar.append(svg("path", { class: "halo", d: whisker(low, high) }));
  bar.append(svg("path", { class: "whisker", d: whisker(low, high) }));
  return bar;
}

const whisker = (low, high) =>
  `M${low} 10H${high}M${low} 5V15M${high} 5V15`;
