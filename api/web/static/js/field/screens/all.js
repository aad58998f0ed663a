// The screens by the first part of the address behind `#`. What the first sight does not need is loaded when it is asked for.

import { t } from "../../language.js";
import { el } from "../element.js";
import { enrolling } from "./enrolling.js";
import { heading } from "./parts.js";
import { signIn } from "./sign_in.js";
import { today } from "./today.js";
import { trip } from "./trip.js";

/** A screen that is loaded at its first use: from this phone, once the service worker has kept the build. */
const later = (load, name) => async (...given) => {
  let found;
  try {
    found = await load();
  } catch {
    const title = t("尚未存到手机", "Not on this phone yet");
    return { title, nodes: [heading(title), el("p", {}, t("首次使用请保持联网片刻，然后重试。", "At first use stay connected for a moment, then try again."))] };
  }
  return found[name](...given);
};

/** Each takes the app and what follows in the address, and returns `{title, nodes, live, begin, leave}`. */
export const screens = {
  another: later(() => import("./another.js"), "another"),
  breakDown: later(() => import("./break_down.js"), "breakDown"),
  comeBack: later(() => import("./come_back.js"), "comeBack"),
  copy: later(() => import("./copy.js"), "copy"),
  depart: later(() => import("./depart.js"), "depart"),
  enrolling,
  leaving: later(() => import("./leaving.js"), "leaving"),
  note: later(() => import("./note.js"), "note"),
  photograph: later(() => import("./photograph.js"), "photograph"),
  readBack: later(() => import("./read_back.js"), "readBack"),
  settings: later(() => import("./settings.js"), "settings"),
  signIn,
  today,
  trip,
  unrecorded: later(() => import("./unrecorded.js"), "unrecorded"),
  waits: later(() => import("./waits.js"), "waits"),
};
