// Today's trips with their windows, and the next step of each one tap away.

import { t } from "../../language.js";
import { nextStep, skewOf, windowAt } from "../day.js";
import { data, el } from "../element.js";
import { sameDay, span, when } from "../words.js";
import { dropLink, link } from "../enrolment.js";
import { enrolling } from "./enrolling.js";

const SKEW_S = 120;
const DAY_MS = 86_400_000;
const ORDER = { departed: 0, approved: 1, requested: 2 };

export async function today(app) {
  if (!app.key) return enrolling(app);
  const ahead = app.trips.filter((trip) => trip.state in ORDER);
  ahead.sort((one, other) => ORDER[one.state] - ORDER[other.state] || Date.parse(one.planned_from) - Date.parse(other.planned_from));
  const over = app.trips.filter((trip) => !(trip.state in ORDER));
  return {
    title: t("今天", "Today"),
    live: true,
    nodes: [
      el("h1", { tabindex: "-1" }, t("今天", "Today")),
      notices(app),
      link().waits ? linkHere(app) : null,
      ahead.length ? ahead.map((trip) => card(app, trip)) : el("p", { class: "card" }, nothing(app)),
      over.length ? [el("h2", {}, t("已返回", "Back")), over.map((trip) => card(app, trip))] : null,
    ],
  };
}

/** A link to set a phone up has come to one that is set up: the day stays in sight. */
function linkHere(app) {
  const later = () => {
    dropLink();
    app.show();
  };
  return el(
    "section",
    { class: "alert alert-mild" },
    el("p", {}, t("收到启用手机的链接；这部手机已启用。", "A link to set a phone up has come; this phone is set up already.")),
    el("div", { class: "row" }, el("a", { class: "button-quiet grow", href: "#enrolling" }, t("重新启用", "Set up again")), el("button", { type: "button", class: "button-quiet grow", onclick: later }, t("以后再说", "Not now"))),
  );
}

function nothing(app) {
  if (!app.day) return t("手机上还没有今天的安排：连上网络后自动获取。", "Today is not on this phone yet: it comes with a network.");
  return t("今明两天没有您的出车。", "You have no trip today or tomorrow.");
}

function notices(app) {
  const skew = app.day ? skewOf(app.day) : 0;
  return [
    Math.abs(skew) > SKEW_S
      ? el("p", { class: "alert alert-mild" }, t(`手机时钟相差约 ${Math.round(Math.abs(skew) / 60)} 分钟，请校准。`, `The phone’s clock is off by ${Math.round(Math.abs(skew) / 60)} minutes: please set it.`))
      : null,
    app.shut
      ? el("p", { class: "alert" }, t(`有 ${app.shut} 项操作打不开：服务器的密钥变了，请管理员恢复 field-vault.key。`, `${app.shut} acts do not open: the server’s key has changed. Let the administrator restore field-vault.key.`))
      : null,
    app.lost ? el("p", { class: "alert" }, lostText(app.lost)) : null,
    ...(app.day?.restores ?? []).filter((one) => Date.now() - Date.parse(one.restored_at) < RESTORED_MS).map(restored),
    app.refusedFiles.length
      ? el("p", { class: "alert" }, t("有照片或签名未被服务器接受。", "Photos or signatures were not accepted by the server."), " ", el("a", { href: "#waits" }, t("查看", "Look")))
      : null,
    !app.online && app.day
      ? el("p", { class: "quiet" }, t(`离线：安排更新于 ${when(app.day.answered_ms)}。`, `Offline: as of ${when(app.day.answered_ms)}.`))
      : null,
  ];
}

const RESTORED_MS = 3 * 86_400_000;

/** The server's record was rolled back: what this phone does about it, and what it cannot. */
const restored = ({ taken_at }) =>
  el("p", { class: "alert alert-mild" }, t(
    `服务器的记录已恢复到 ${when(Date.parse(taken_at))} 的备份：其后的操作由这部手机自动重新发送；已离开手机的照片无法重发。`,
    `The server’s record was restored to a backup of ${when(Date.parse(taken_at))}: this phone sends what was done since again by itself. Photos that had left the phone cannot be sent again.`,
  ));

/** What to say where the browser threw the storage away. */
export function lostText({ made, lost, told }) {
  if (!lost) return t("浏览器清除过本应用的存储。之前的操作均已送达。", "The browser cleared this app’s storage. What was done before had arrived.");
  return t(
    `浏览器清除过本应用的存储：曾签名 ${made} 项，其中 ${lost} 项未送达、已丢失${told ? "，已报告用车单位领导" : ""}。请用纸质单据补报。`,
    `The browser cleared this app’s storage: ${made} acts were signed, ${lost} had not arrived and are lost${told ? "; the custodian is told" : ""}. Report them on paper.`,
  );
}

const STATES = {
  approved: [t("待出车", "to depart"), ""],
  departed: [t("出车中", "under way"), "tag-green"],
  requested: [t("待批准", "not approved yet"), "tag-amber"],
  returned: [t("已返回", "back"), ""],
  closed: [t("已办结", "closed"), ""],
};

/** How a trip stands, in words. */
export function stateTag(trip) {
  const [text, kind] = STATES[trip.state] ?? [trip.state, ""];
  return el("span", { class: `tag ${kind}` }, text);
}

function card(app, trip) {
  const { step, job } = nextStep(trip, app.who.roles);
  const windowed = trip.state === "approved" ? windowAt(trip, Date.now()) : "open";
  return el(
    "section",
    { class: "card" },
    el("div", { class: "row" }, el("strong", { class: "huge" }, timeOf(trip, Date.now())), stateTag(trip), trip.waits ? el("span", { class: "tag tag-amber" }, t(`待发送 ${trip.waits}`, `${trip.waits} to send`)) : null),
    el("p", { class: "row" }, data(trip.vehicle.plate, "strong"), trip.order ? el("span", { class: "quiet" }, t(`派车单 ${trip.order.year}-${trip.order.number}`, `order ${trip.order.year}-${trip.order.number}`)) : null),
    windowed === "missed" ? el("p", { class: "alert" }, t("批准的时间已过，出车会被拒绝或记为异常：请联系调度。", "The approved window is over: call the desk before you drive.")) : null,
    windowed === "early" ? el("p", { class: "quiet" }, t(`可于 ${span(trip.planned_from, trip.planned_until)} 出车`, `may depart in ${span(trip.planned_from, trip.planned_until)}`)) : null,
    trip.refused.length ? el("p", { class: "alert" }, t("有操作未被接受，请查看。", "Something was not accepted: please look.")) : null,
    el("ul", { class: "list" }, trip.jobs.map((one) => el("li", {}, data(one.site.name, "strong"), el("br"), data(one.site.address, "small")))),
    el(
      "div",
      { class: "row" },
      step === "depart" ? el("a", { class: "button grow", href: `#depart/${trip.trip_id}` }, t("出车", "Depart")) : null,
      step === "note" ? el("a", { class: "button grow", href: `#note/${trip.trip_id}/${job.job_id}` }, t("写走访记录", "Write the note")) : null,
      el("a", { class: `${step === "depart" || step === "note" ? "button-quiet" : "button"} grow`, href: `#trip/${trip.trip_id}` }, trip.state === "departed" ? t("出车详情", "The trip") : t("查看", "Look")),
    ),
  );
}

/** When a trip left, or its window; tomorrow's is called so, and any other day by its name. */
export function timeOf(trip, now) {
  if (trip.state === "departed") return t(`${when(trip.departed_at)} 已出车`, `out since ${when(trip.departed_at)}`);
  const shown = span(trip.planned_from, trip.planned_until);
  return sameDay(trip.planned_from, now + DAY_MS) ? `${t("明天", "tomorrow")} ${shown}` : shown;
}
