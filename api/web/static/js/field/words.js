// Words of the domain in the reader's language, as the page brought them; times and distances as people say them.

import { language, locale, t } from "../language.js";

const WORDS = JSON.parse(document.querySelector("[data-words]")?.dataset.words ?? "{}");

/** The name of a word of some kind: `word("result", "done")`. */
export const word = (kind, value) => WORDS[kind]?.find((one) => one.value === value)?.[language] ?? value;

/** All words of a kind: `[[value, name], …]`. */
export const words = (kind) => (WORDS[kind] ?? []).map((one) => [one.value, one[language]]);

const timeZone = "Asia/Shanghai"; // the bureau's, whatever zone the phone is set to
const CLOCK = new Intl.DateTimeFormat(locale, { timeZone, hour: "2-digit", minute: "2-digit", hour12: false });
const DAY = new Intl.DateTimeFormat(locale, { timeZone, month: "numeric", day: "numeric", weekday: "short" });
const SAME = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });

export const clock = (instant) => CLOCK.format(new Date(instant));
const dayOf = (instant) => DAY.format(new Date(instant));
export const sameDay = (one, other) => SAME.format(new Date(one)) === SAME.format(new Date(other));

/** An instant: its time today, its day and time otherwise. */
export const when = (instant) => (sameDay(instant, Date.now()) ? clock(instant) : `${dayOf(instant)} ${clock(instant)}`);

/** A window: from and until, the day said where it is not today. */
export const span = (from, until) =>
  `${when(from)} – ${sameDay(from, until) ? clock(until) : when(until)}`;

/** Metres as people say them. */
export const metres = (m) => (m < 1000 ? `${Math.round(m)} ${t("米", "m")}` : `${(m / 1000).toFixed(1)} ${t("公里", "km")}`);

export const KEPT = {
  kept: [t("已存手机，待发送", "kept on the phone"), ""],
  sent: [t("已发出，待确认", "sent, not confirmed yet"), "tag-amber"],
  confirmed: [t("已确认", "confirmed"), "tag-green"],
  conflict: [t("已收到，待人工核对", "received, a person looks at it"), "tag-amber"],
  parked: [t("等待之前的操作", "waits for earlier acts"), "tag-amber"],
  refused: [t("未被接受", "not accepted"), "tag-red"],
};

/** What an act was, in words. */
export function actName({ act, body }) {
  if (act !== "stop") return word("act", act);
  return body.what === "arrive" ? t("到达现场", "Arrived") : t("离开现场", "Left");
}
