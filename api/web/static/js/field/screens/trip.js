// One trip: the next step as the largest button, its jobs with everything that is known of them, and what else can happen.

import { t } from "../../language.js";
import { nextStep, takesComplaints, writesNotes } from "../day.js";
import { data, el, lines } from "../element.js";
import { here, apart } from "../position.js";
import { actName, clock, metres, span, when, word } from "../words.js";
import { alertLine, heading, keptTag, reasonsOf } from "./parts.js";
import { stateTag } from "./today.js";

export async function trip(app, id) {
  const shown = app.trip(id);
  if (!shown) return { title: t("出车", "Trip"), nodes: [heading(t("出车", "Trip")), el("p", {}, t("手机上没有这次出车。", "This trip is not on the phone."))] };
  const wrong = alertLine();
  const acts = app.acts.filter((act) => act.payload.trip === id);
  return {
    title: t("出车", "Trip"),
    live: true,
    nodes: [
      heading(data(shown.vehicle.plate)),
      el("p", { class: "row" }, stateTag(shown), el("span", {}, span(shown.planned_from, shown.planned_until)), shown.order ? el("span", { class: "quiet" }, t(`派车单 ${shown.order.year}-${shown.order.number}`, `order ${shown.order.year}-${shown.order.number}`)) : null),
      shown.refused.map((act) => refusal(act)),
      photoWanted(shown),
      wrong,
      next(app, shown, wrong),
      shown.jobs.map((job) => jobCard(app, shown, job, wrong)),
      shown.state === "departed" ? others(app, shown) : null,
      crew(shown),
      shown.state === "departed" ? positions(app) : null,
      acts.length ? el("section", { class: "card" }, el("h2", {}, t("本次操作", "Acts of this trip")), el("ul", { class: "list" }, acts.map((act) => el("li", { class: "row" }, el("span", {}, clock(act.at)), el("span", { class: "grow" }, actName(act.payload)), keptTag(act.state))))) : null,
    ],
  };
}

function photoWanted({ trip_id: id, photo_wanted_until: until, photo_arrived: arrived }) {
  if (!until || arrived || Date.parse(until) < Date.now()) return null;
  return el(
    "div",
    { class: "alert alert-mild" },
    el("p", {}, t(`抽查：请在 ${when(until)} 前拍摄出车时的里程表。`, `Spot check: photograph the odometer by ${when(until)}.`)),
    el("a", { class: "button", href: `#photograph/${id}` }, t("拍照", "Photograph it")),
  );
}

function refusal(act) {
  return el("div", { class: "alert", role: "alert" }, el("strong", {}, `${actName(act.payload)} ${clock(act.at)}: `), keptTag(act.state), reasonsOf(act), el("a", { class: "button-quiet", href: `#unrecorded/${act.id}` }, t("查看并确认", "Read and confirm")));
}

function next(app, shown, wrong) {
  const { step, job } = nextStep(shown, app.who.roles);
  const link = (href, text) => el("a", { class: "button wide", href, "data-key": "next" }, text);
  if (step === "depart") return link(`#depart/${shown.trip_id}`, t("出车", "Depart"));
  if (step === "note") return link(`#note/${shown.trip_id}/${job.job_id}`, [t("写走访记录：", "Write the note: "), data(job.site.name)]);
  if (step === "return") return link(`#comeBack/${shown.trip_id}`, t("返回收车", "Return"));
  if (step === "arrive" || step === "leave") {
    const text = step === "arrive" ? t("到达：", "Arrived: ") : t("离开：", "Left: ");
    return el("button", { type: "button", class: "button wide", "data-key": "next", onclick: (event) => stop(app, shown, job, step, event.target, wrong) }, text, data(job.site.name));
  }
  return null;
}

/** One tap: where the phone is goes along if it is known within a few seconds. */
async function stop(app, shown, job, what, button, wrong) {
  const { who } = app; // whoever tapped signs
  const pressed = button.closest("button");
  pressed.disabled = true;
  try {
    const { place } = await here({ seconds: 5, oldest: 30 });
    const at = place ? { place: { lat: place.lat, lon: place.lon, datum: place.datum } } : {};
    await app.keep({ who, act: "stop", trip: shown.trip_id, body: { job_id: job.job_id, what, ...at, ...(await app.reported()) } });
  } catch (fault) {
    wrong.textContent = t("手机未能保存，请重试。", "The phone could not keep it, try again.");
    throw fault;
  } finally {
    pressed.disabled = false;
  }
}

function jobCard(app, shown, job, wrong) {
  const away = el("span", { class: "quiet" });
  if (shown.state === "departed" && app.positions === "on") {
    here({ seconds: 3, oldest: 60 }).then(({ place }) => {
      if (place) away.textContent = t(`距此 ${metres(apart(place, job.site))}`, `${metres(apart(place, job.site))} from here`);
    });
  }
  return el(
    "section",
    { class: "card" },
    el("h2", {}, data(job.site.name)),
    el("p", {}, data(job.site.address), " ", away),
    el("p", { class: "row" }, jobState(job), job.due_on ? el("span", { class: "tag" }, t(`期限 ${job.due_on}`, `due ${job.due_on}`)) : null, el("span", { class: "quiet" }, span(job.window_from, job.window_until))),
    el("dl", {}, job.parties.map((one) => [el("dt", {}, word("party", one.side)), el("dd", {}, data(one.name))]), job.claim ? [el("dt", {}, t("请求", "Claim")), el("dd", {}, lines(job.claim))] : null, job.facts ? [el("dt", {}, t("事实", "Facts")), el("dd", {}, lines(job.facts))] : null),
    el(
      "div",
      { class: "row" },
      el("a", { class: "button-quiet", href: `geo:${job.site.lat},${job.site.lon}?q=${job.site.lat},${job.site.lon}` }, t("导航", "Navigate")),
      shown.state === "departed" && !job.arrived_at ? el("button", { type: "button", class: "button-quiet", onclick: (event) => stop(app, shown, job, "arrive", event.target, wrong) }, t("到达", "Arrived")) : null,
      shown.state === "departed" && writesNotes(app.who.roles) ? el("a", { class: "button-quiet", href: `#note/${shown.trip_id}/${job.job_id}` }, job.noted.length ? t("再写一份记录", "Another note") : t("走访记录", "Note")) : null,
      job.noted.map((noteId) => noteLink(app, noteId)),
    ),
  );
}

function noteLink(app, noteId) {
  const act = app.acts.find((one) => one.payload.act === "note" && one.payload.body.note_id === noteId);
  return act ? el("a", { class: "button-quiet", href: `#copy/${act.id}` }, t("记录副本", "Copy of the note")) : null;
}

function jobState(job) {
  if (job.noted.length || job.done) return el("span", { class: "tag tag-green" }, job.result ? word("result", job.result) : t("已记录", "noted"));
  if (job.left_at) return el("span", { class: "tag" }, t(`${when(job.left_at)} 离开`, `left ${when(job.left_at)}`));
  if (job.arrived_at) return el("span", { class: "tag tag-amber" }, t(`${when(job.arrived_at)} 到达`, `there since ${when(job.arrived_at)}`));
  return el("span", { class: "tag" }, t("未到", "ahead"));
}

function others(app, shown) {
  return el(
    "section",
    { class: "card row" },
    takesComplaints(app.who.roles) ? el("a", { class: "button-quiet grow", href: `#another/${shown.trip_id}` }, t("现场另接投诉", "Another job here")) : null,
    el("a", { class: "button-quiet grow", href: `#comeBack/${shown.trip_id}` }, t("返回收车", "Return")),
    el("a", { class: "button-quiet grow", href: `#breakDown/${shown.trip_id}` }, t("故障或事故", "Break down")),
  );
}

function crew(shown) {
  return el(
    "section",
    { class: "card" },
    el("h2", {}, t("随车人员", "Aboard")),
    el("ul", { class: "list" }, shown.crew.map((one) => el("li", {}, data(one.name), " ", el("span", { class: "quiet" }, word("seat", one.seat)))), (shown.passengers ?? []).map((one) => el("li", {}, data(one.name)))),
  );
}

function positions(app) {
  if (!app.device?.token) return el("p", { class: "quiet small" }, t("本手机不发送位置。", "This phone sends no positions. "), el("a", { href: "#settings" }, t("如何发送", "How it can")));
  const told = {
    on: t("本页打开时记录位置；锁屏或切到别的应用后，浏览器会停止记录。", "Your position is recorded while this page is open. When the screen locks or another app is in front, a browser stops."),
    off: t("尚未记录位置：到达或写记录时会询问权限。", "No position is recorded yet: you are asked when you arrive or write a note."),
    denied: t("浏览器未允许定位：请在设置中允许，或安装定位软件。", "The browser may not use your position: allow it, or install a tracking app."),
  };
  return el("p", { class: "quiet small" }, told[app.positions], " ", el("a", { href: "#settings" }, t("安装定位软件", "Install a tracking app")));
}
