// What waits 待发送: every act with how it stands, the server's reasons in words, and what is still to be sent.

import { t } from "../../language.js";
import { counted, TO_SEE, WAITING } from "../outbox.js";
import { data, el } from "../element.js";
import { actName, when } from "../words.js";
import { heading, keptTag, reasonsOf } from "./parts.js";

export async function waits(app) {
  const acts = [...app.acts].reverse();
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
        el("p", { class: "huge" }, headline(waiting, app.files)),
        waiting && app.files ? el("p", {}, t(`还有 ${app.files} 张照片或签名待上传。`, `${app.files} photos or signatures are still to be uploaded.`)) : null,
        el("p", { class: "quiet" }, app.online ? t("有网络时自动发送；本页可以关闭，不会丢失。", "They are sent by themselves; this page may be closed, nothing is lost.") : t("没有网络：存在手机上，连上网络后自动发送。", "No network: they are kept on the phone and sent when there is one.")),
        waiting || app.files ? el("button", { type: "button", class: "button wide", "data-key": "send", onclick: () => app.send() }, t("现在发送", "Send now")) : null,
      ),
      acts.length ? el("ul", { class: "list card" }, acts.map((act) => row(app, act))) : null,
    ],
  };
}

function headline(waiting, files) {
  if (waiting) return t(`${waiting} 项待发送`, `${waiting} to send`);
  return files ? t(`${files} 张图片待上传`, `${files} pictures to upload`) : t("全部已送达", "All sent");
}

function row(app, act) {
  const plate = app.trip(act.payload.trip)?.vehicle.plate;
  return el(
    "li",
    {},
    el("div", { class: "row" }, el("span", { class: "quiet" }, `#${act.seq}`), el("strong", { class: "grow" }, actName(act.payload)), keptTag(act.state)),
    el("div", { class: "row quiet" }, when(act.at), plate ? data(plate) : null, WAITING.has(act.state) && act.tries ? t(`已试 ${act.tries} 次`, `tried ${act.tries} times`) : null),
    TO_SEE.has(act.state) ? reasonsOf(act) : null,
  );
}
