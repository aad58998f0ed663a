// Parts that several screens share: headings, reasons in words, what became of an act, a reading with its photo.

import { t } from "../../language.js";
import { data, el, field } from "../element.js";
import { scaled } from "../photo.js";
import { dropFile, getFile, putFile } from "../sealed.js";
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

/** Metres of kilometres as people type them: 18,289.6 or 18289,6 or full-width digits; null where it is no number. Pure. */
export function metresOf(typed) {
  const plain = typed.normalize("NFKC").replace(/\s/g, "");
  const thousands = /^\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain);
  const number = thousands ? plain.replaceAll(",", "") : plain.replace(",", ".");
  return /^\d+(\.\d*)?$/.test(number) ? Math.round(Number(number) * 1000) : null;
}

/** Whether an odometer that shows steps of `resolution` metres stood higher before: `last` may be told more finely than it shows. Pure. */
export const wentBack = (last, now, resolution) => last !== null && now < last - (last % (resolution ?? 1000));

/** The odometer: kilometres typed, prefilled with what it showed last; a photo where it is asked for or wanted. */
export class DashboardField {
  constructor(app, { odometer_m: last, resolution_m: resolution }) {
    this.app = app;
    this.last = last;
    this.resolution = resolution;
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
    const former = this.photo;
    this.photo = await putFile(this.app.who, blob);
    if (former && former !== this.photo) await dropFile(this.app.who, former);
    this.taken.textContent = t("照片已存手机。", "The photo is kept on the phone.");
  }

  /** The reading as `/v1` takes it, or null where the number cannot be read. */
  value() {
    const m = metresOf(this.input.value);
    return m === null ? null : { odometer_m: m, ...(this.photo ? { photo_sha256: this.photo } : {}) };
  }

  /** Whether to ask once more: the number is less than the last one, and its person has not said yet that it stands so. */
  doubtful({ odometer_m: now }) {
    if (!wentBack(this.last, now, this.resolution) || this.asked === now) return false;
    this.asked = now;
    return true;
  }

  get files() {
    return this.photo ? [this.photo] : [];
  }
}

/** Why a photo is not there, in words. */
function photoFault({ name }) {
  if (name === "QuotaExceededError") return t("手机存储已满，照片没有保存。", "The phone is full: the photo was not kept.");
  return t("这张照片读不出来，没有保存：请重拍，或另选一张（JPEG）。", "This photo cannot be read and was not kept: take it again, or choose another (JPEG).");
}

/** A large button that opens the camera; what `taken` cannot read or keep is told beneath it, and the other photos are taken all the same. */
export function photoButton(text, taken, multiple = false) {
  const wrong = alertLine();
  const input = el("input", {
    type: "file",
    accept: "image/*",
    capture: multiple ? null : "environment",
    multiple,
    class: "out-of-sight",
    onchange: async () => {
      wrong.textContent = "";
      const chosen = [...input.files];
      input.value = ""; // the same photo can be chosen again
      for (const file of chosen) {
        try {
          await taken(file);
        } catch (fault) {
          wrong.textContent = photoFault(fault);
        }
      }
    },
  });
  return el("div", {}, el("label", { class: "button-quiet wide" }, input, el("span", {}, text)), wrong);
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
