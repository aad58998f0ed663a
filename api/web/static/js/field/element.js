// Elements made by code: text is text and never markup.

/**
 * Make an element. Properties beginning with "on" are listeners; `class`, `aria-*`, `data-*` and other attributes go by name;
 * `null` and `false` leave one out.
 */
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "value") made.value = value;
    else if (value === true) made.setAttribute(name, "");
    else made.setAttribute(name, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** What somebody typed or a register holds: shown as it is, in whatever language. */
export const data = (text, tag = "span") => el(tag, { class: "data" }, text ?? "");

let fields = 0;

/** A control with its label, and what helps to fill it in. */
export function field(label, control, help = null) {
  fields += 1;
  control.id ||= `field-${fields}`;
  const hint = help === null ? null : el("small", { id: `${control.id}-help` }, help);
  if (hint) control.setAttribute("aria-describedby", hint.id);
  return el("div", { class: "field" }, el("label", { for: control.id }, label), control, hint);
}

/** One of several, as large buttons: `[[value, text], …]`. */
export function choices(name, legend, options, chosen, onchange = null) {
  return el(
    "fieldset",
    { class: "choices" },
    el("legend", {}, legend),
    options.map(([value, text]) =>
      el("label", {}, el("input", { type: "radio", name, value, checked: value === chosen, onchange }), el("span", {}, text)),
    ),
  );
}

/** A box to tick. */
export const tick = (name, text, checked, onchange = null) =>
  el("label", { class: "tick" }, el("input", { type: "checkbox", name, checked, onchange }), el("span", {}, text));

/** Text of several lines; the ends of lines are kept. */
export const lines = (text) => el("p", { class: "data lines" }, text ?? "");
