// The classes: their order, colour, letter and key. Colours of Okabe and Ito (2008),
// told apart with any colour vision; the letter says the same without colour.

export const CLASSES = [
  { name: "neutrophil", letter: "N", key: "n", colour: "#e69f00", ink: "#000000" },
  { name: "lymphocyte", letter: "L", key: "l", colour: "#0072b2", ink: "#ffffff" },
  { name: "monocyte", letter: "M", key: "m", colour: "#009e73", ink: "#000000" },
  { name: "eosinophil", letter: "E", key: "e", colour: "#d55e00", ink: "#000000" },
  { name: "basophil", letter: "B", key: "b", colour: "#000000", ink: "#ffffff" },
  { name: "ig", letter: "I", key: "i", colour: "#56b4e9", ink: "#000000" },
  { name: "erythroblast", letter: "R", key: "r", colour: "#cc79a7", ink: "#000000" },
  { name: "platelet", letter: "P", key: "p", colour: "#823ca0", ink: "#ffffff" },
];

export const UNCERTAIN = { name: "uncertain", letter: "?", colour: "#f0e442", ink: "#000000" };
export const REMOVED = { name: "removed", letter: "×", colour: "#767676", ink: "#ffffff" };

const BY_NAME = new Map([...CLASSES, UNCERTAIN, REMOVED].map((one) => [one.name, one]));

export const NOT_LEUKOCYTES = new Set(["erythroblast", "platelet"]);

export const classOf = (name) => BY_NAME.get(name) ?? UNCERTAIN;

/** What counts for a reviewed cell: null when removed or not settled. */
export function finalClass(cell) {
  if (cell.is_removed) return null;
  return cell.person_class ?? (cell.is_uncertain ? null : cell.model_class);
}

/** The gallery's group of a reviewed cell. */
export function groupOf(cell) {
  if (cell.is_removed) return "removed";
  return finalClass(cell) ?? "uncertain";
}
