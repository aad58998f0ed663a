// What waits 待发送: every act with how it stands, the server's reasons in words, and what is still to be sent.

import { t } from "../../language.js";
import { counted, toRead, WAITING } from "../outbox.js";
import { data, el } from "../element.js";
import { actName, when } from "../words.js";
import { keepRefused } from "../sealed.js";
import { heading, keptTag, reasonsOf } from "./parts.js";

export async function waits(app) {
  const newest = [...app.acts].reverse();
  const read = newest.filter((act) => act.read_at);
  const acts = newest.filter((act) => !act.read_at);
  const count = counted(acts);
  const waiting = count.kept + count.sent + count.parked;
  return {
    title: t("待发送", "What waits"),
    live: true,
    nodes: [
      heading(t("待发送", "What waits")),
      el(
        "section",
        { class: "card" },
        el("p", { class: "huge" }, headline(waiting, app.files, app.refusedFiles.length)),
        waiting && app.files ? el("p", {}, t(`还有 ${app.files} 张照片或签名待上传。`, `${app.files} photos or signatures are still to be uploaded.`)) : null,
        el("p", { class: "quiet" }, app.online ? t("有网络时自动发送；本页可以关闭，不会丢失。", "They are sent by themselves; this page may be closed, nothing is lost.") : t("没有网络：存在手机上，连上网络后自动发送。", "No network: they are kept on the phone and sent when there is one.")),
        waiting || app.files ? el("button", { type: "button", class: "button wide", "data-key": "send", onclick: () => app.send() }, t("现在发送", "Send now")) : null,
      ),
      app.refusedFiles.length ? refusedFiles(app) : null,
      acts.length ? el("ul", { class: "list card" }, acts.map((act) => row(app, act))) : null,
      read.length
        ? el("details", { class: "card fold" }, el("summary", {}, t(`已阅、未记录 ${read.length} 项（保留 30 天）`, `Read, not recorded: ${read.length} (kept for 30 days)`)), el("ul", { class: "list" }, read.map((act) => row(app, act))))
        : null,
    ],
  };
}

/** The pictures that the server would not take, each with its act and the server's reason. */
function refusedFiles(app) {
  const count = app.refusedFiles.length;
  async function again() {
    await keepRefused(app.who);
    await app.send();
    await app.changed();
  }
  return el(
    "section",
    { class: "alert" },
    el("p", {}, t(`${count} 张照片或签名未被服务器接受，仍保存在手机上。`, `Photos or signatures that the server would not take, still on the phone: ${count}.`)),
    el("ul", { class: "list" }, app.refusedFiles.map((file) => {
      const act = app.acts.find((one) => one.id === file.act);
      return el("li", {}, act ? el("span", {}, `#${act.seq} ${actName(act.payload)} `) : null, data(file.why));
    })),
    el("button", { type: "button", class: "button-quiet", "data-key": "again", onclick: again }, t("再发送", "Send again")),
  );
}

function headline(waiting, files, refused) {
  if (waiting) return t(`${waiting} 项待发送`, `${waiting} to send`);
  if (files) return t(`${files} 张图片待上传`, `${files} pictures to upload`);
  return refused ? t("操作已全部送达", "All acts sent") : t("全部已送达", "All sent");
}

function row(app, act) {
  const plate = app.trip(act.payload.trip)?.vehicle.plate;
  return el(
    "li",
    {},
    el("div", { class: "row" }, el("span", { class: "quiet" }, `#${act.seq}`), el("strong", { class: "grow" }, actName(act.payload)), keptTag(act.state)),
    el("div", { class: "row quiet" }, when(act.at), plate ? data(plate) : null, WAITING.has(act.state) && act.tries ? t(`已试 ${act.tries} 次`, `tried ${act.tries} times`) : null),
    act.state === "confirmed" ? null : reasonsOf(act),
    toRead(act) ? el("a", { class: "button-quiet", href: `#unrecorded/${act.id}` }, t("查看并确认", "Read and confirm")) : null,
  );
}
