// Small helpers to build and find elements.

export const find = (id) => document.getElementById(id);

/** Make an element: properties by name, `data` and `aria` as objects, then children. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "data") Object.assign(made.dataset, value);
    else if (name === "aria") setAria(made, value);
    else if (name === "role") made.setAttribute("role", value);
    else if (value !== undefined) made[name] = value;
  }
  made.append(...children);
  return made;
}

export function setAria(target, values) {
  for (const [name, value] of Object.entries(values)) target.setAttribute(`aria-${name}`, value);
}

/** Make an SVG element with attributes. */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Write text only when it changes, so that screen readers stay calm. */
export function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
