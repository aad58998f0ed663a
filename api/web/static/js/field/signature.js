// A drawn signature, or why there is none: refused or unable, with the reason and a witness.

import SignaturePad from "../../vendor/signature_pad/signature_pad.min.js";
import { t } from "../language.js";
import { choices, el, field } from "./element.js";

const INK = "#0a1a33";

/** Strokes as the pad tells them, drawn at a share of their size. Pure. */
export const scaledStrokes = (strokes, share) =>
  strokes.map((one) => ({ ...one, points: one.points.map((at) => ({ ...at, x: at.x * share, y: at.y * share })) }));

/** The part of a page in which one party signs. `value()` tells what came of it, `faults()` what is missing. */
export class SigningPlace {
  #size = null;

  constructor(party, title, name, changed) {
    this.party = party;
    this.changed = changed;
    this.how = "signed";
    this.canvas = el("canvas", { class: "pad", role: "img", "aria-label": `${title}: ${t("手写签名区", "signature area")}`, tabindex: "0" });
    this.name = el("input", { maxlength: "100", value: name, autocomplete: "off", oninput: changed });
    this.reason = el("input", { maxlength: "300", autocomplete: "off", oninput: changed });
    this.witness = el("input", { maxlength: "100", autocomplete: "off", oninput: changed });
    this.drawn = el(
      "div",
      {},
      this.canvas,
      el("button", { type: "button", class: "button-quiet", onclick: () => this.clear() }, t("重签", "Clear")),
    );
    this.instead = el("div", { hidden: true }, field(t("原因", "Reason"), this.reason), field(t("见证人", "Witness"), this.witness));
    const group = `how-${party}`;
    this.node = el(
      "section",
      { class: "card" },
      el("h2", {}, title),
      field(t("姓名", "Name"), this.name),
      choices(
        group,
        t("签字", "Signature"),
        [
          ["signed", t("签名", "Signs")],
          ["refused", t("拒签", "Refuses")],
          ["unable", t("无法签", "Cannot sign")],
        ],
        "signed",
        (event) => this.#choose(event.target.value),
      ),
      this.drawn,
      this.instead,
    );
  }

  /** Begin once the canvas is on the page, where its size is known. */
  begin() {
    this.pad = new SignaturePad(this.canvas, { backgroundColor: "#ffffff", penColor: INK, minWidth: 0.8, maxWidth: 2.6 });
    this.pad.addEventListener("endStroke", this.changed);
    this.#fit();
    new ResizeObserver(() => this.#fit()).observe(this.canvas); // the phone was turned
  }

  /** Give the canvas the size it is shown at; what was drawn is drawn anew, smaller where there is less room. */
  #fit() {
    const { offsetWidth: width, offsetHeight: height } = this.canvas;
    if (!width || (width === this.#size?.width && height === this.#size.height)) return;
    const share = this.#size ? Math.min(1, width / this.#size.width, height / this.#size.height) : 1;
    this.#size = { width, height };
    const strokes = scaledStrokes(this.pad.toData(), share);
    const ratio = Math.max(1, devicePixelRatio || 1);
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    this.canvas.getContext("2d").scale(ratio, ratio);
    this.pad.clear();
    this.pad.fromData(strokes);
  }

  clear() {
    this.pad.clear();
    this.changed();
  }

  #choose(how) {
    this.how = how;
    this.drawn.hidden = how !== "signed";
    this.instead.hidden = how === "signed";
    this.changed();
  }

  /** What is missing, in words. */
  faults() {
    const missing = [];
    if (!this.name.value.trim()) missing.push(t("姓名", "name"));
    if (this.how === "signed" && this.pad.isEmpty()) missing.push(t("签名", "signature"));
    if (this.how !== "signed" && !this.reason.value.trim()) missing.push(t("原因", "reason"));
    if (this.how !== "signed" && !this.witness.value.trim()) missing.push(t("见证人", "witness"));
    return missing;
  }

  /** The signature as a note takes it; `keepFile` keeps the drawing and returns its SHA-256. */
  async value(keepFile) {
    const said = { how: this.how, party: this.party, name: this.name.value.trim() };
    if (this.how !== "signed") return { ...said, reason: this.reason.value.trim(), witness: this.witness.value.trim() };
    const drawing = await new Promise((resolve) => this.canvas.toBlob(resolve, "image/png"));
    return { ...said, sha256: await keepFile(drawing) };
  }
}
