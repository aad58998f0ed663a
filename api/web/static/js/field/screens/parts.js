// Parts that several screens share: headings, reasons in words, what became of an act, a reading with its photo.

import { t } from "../../language.js";
import { data, el, field } from "../element.js";
import { scaled } from "../photo.js";
import { getFile, putFile } from "../sealed.js";
import { KEPT } from "../words.js";

/** The heading of a screen, with the way back. */
export const heading = (title, back = "today") =>
  el(
    "div",
    { class: "heading" },
    el("a", { class: "button-quiet", href: `#${back}`, "aria-label": t("返回", "Back") }, "‹"),
    el("h1", { tabindex: "-1" }, title),
  );

/** How an act stands: kept, sent, confirmed … */
export const keptTag = (state) => el("span", { class: `tag ${KEPT[state][1]}` }, KEPT[state][0]);

/** The server's reasons in its own words. */
export function reasonsOf(act) {
  const sentences = (act.reasons ?? []).map((one) => one.sentence ?? one.code ?? one).filter(Boolean);
  if (!sentences.length) return null;
  return el("ul", { class: "data" }, sentences.map((one) => el("li", {}, one)));
}

/** A line that tells what is wrong, said aloud at once. */
export const alertLine = () => el("div", { class: "alert", role: "alert" });

/** The odometer: kilometres typed, prefilled with what it showed last; a photo where it is asked for or wanted. */
export class DashboardField {
  constructor(app, { odometer_m: last, resolution_m: resolution }) {
    this.app = app;
    this.fine = resolution !== null && resolution < 1000;
    this.photo = null;
    this.input = el("input", {
      class: "reading",
      inputmode: "decimal",
      autocomplete: "off",
      required: true,
      value: last === null ? "" : this.#shown(last),
    });
    this.taken = el("p", { class: "quiet", "aria-live": "polite" });
    const help = last === null ? null : t(`上次读数 ${this.#shown(last)} 公里`, `last reading ${this.#shown(last)} km`);
    this.node = el(
      "div",
      {},
      field(t("里程表读数（公里）", "Odometer (km)"), this.input, help),
      photoButton(t("拍里程表（抽查时需要）", "Photograph it (for spot checks)"), (file) => this.#take(file)),
      this.taken,
    );
  }

  #shown(m) {
    return this.fine ? (m / 1000).toFixed(1) : String(Math.floor(m / 1000));
  }

  async #take(file) {
    const { blob } = await scaled(file);
    this.photo = await putFile(this.app.who, blob);
    this.taken.textContent = t("照片已存手机。", "The photo is kept on the phone.");
  }

  /** The reading as `/v1` takes it, or null where the number cannot be read. */
  value() {
    const km = Number(this.input.value.trim().replace(",", "."));
    if (!this.input.value.trim() || !Number.isFinite(km) || km < 0) return null;
    return { odometer_m: Math.round(km * 1000), ...(this.photo ? { photo_sha256: this.photo } : {}) };
  }

  get files() {
    return this.photo ? [this.photo] : [];
  }
}

/** A large button that opens the camera. */
export function photoButton(text, taken, multiple = false) {
  const input = el("input", {
    type: "file",
    accept: "image/*",
    capture: multiple ? null : "environment",
    multiple,
    class: "out-of-sight",
    onchange: async () => {
      for (const file of input.files) await taken(file);
      input.value = "";
    },
  });
  return el("label", { class: "button-quiet wide" }, input, el("span", {}, text));
}

/** A picture that is kept on this phone. */
export function keptPicture(app, name, label) {
  const image = el("img", { alt: label });
  getFile(app.who, name).then((blob) => {
    if (blob) {
      image.src = URL.createObjectURL(blob);
      image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
    }
  });
  return image;
}

/**
 * A form that acts once: its button rests while it works. `act` returns what is wrong, to be said under it, or where to go on
 * as a function, or null.
 */
export function actForm({ button, act, danger = false }, ...children) {
  const wrong = alertLine();
  const submit = el("button", { class: `button wide${danger ? " danger" : ""}` }, button);
  const form = el("form", { novalidate: true }, children, wrong, el("div", { class: "foot" }, submit));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    wrong.textContent = "";
    try {
      const result = await act(form);
      if (typeof result === "function") {
        if (form.isConnected) result(); // unless the person has gone elsewhere meanwhile
      } else if (result) {
        wrong.textContent = result;
        wrong.scrollIntoView({ block: "center" });
      }
    } catch (fault) {
      wrong.textContent = t("手机未能保存，请重试：", "The phone could not keep it, try again: ") + fault.message;
      throw fault;
    } finally {
      submit.disabled = false;
    }
  });
  return form;
}
