// A QR code, drawn on the phone: the copy of a note that needs no network.

import { generate } from "../../vendor/lean-qr/index.mjs";
import { el } from "./element.js";

const MOST_BYTES = 1000;

/** A text cut so that its code can still be read by a phone held over a screen. Pure. */
export function readable(text, most = MOST_BYTES) {
  let kept = [...text];
  while (new TextEncoder().encode(kept.join("")).length > most) kept = kept.slice(0, -8);
  return kept.length < [...text].length ? `${kept.join("")}…` : text;
}

/** A canvas with the code of a text, and what it says for who cannot see it. */
export function codeOf(text, label) {
  const canvas = el("canvas", { class: "qr", role: "img", "aria-label": label });
  generate(readable(text)).toCanvas(canvas, { on: [0, 0, 0, 255], off: [255, 255, 255, 255], pad: 4 });
  return canvas;
}
