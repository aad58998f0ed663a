// An act that the server did not record: why, what that means, and that its person has read it 已阅.

import { t } from "../../language.js";
import { readBy } from "../chain.js";
import { data, el } from "../element.js";
import { toRead } from "../outbox.js";
import { actName, when } from "../words.js";
import { heading, keptTag, reasonsOf } from "./parts.js";

const MEANS = {
  refused: t("这项操作没有记入系统。该做的请重新操作，或用纸质单据补报。", "This act is not recorded. Do it again where it has to be done, or report it on paper."),
  conflict: t("服务器已收到并保存，但没有记入：已有另一条记录，等中心人员核对。", "The server has received and kept it, but not recorded it: another record stands, and the desk looks at both."),
};

export async function unrecorded(app, actId) {
  const act = app.acts.find((one) => one.id === actId);
  if (!act || !toRead(act)) {
    app.go("waits");
    return null;
  }

  async function read(event) {
    event.target.disabled = true;
    await readBy(app.who.owner, act.id);
    await app.changed();
    app.go("waits");
  }

  return {
    title: t("未记录的操作", "Not recorded"),
    nodes: [
      heading(t("未记录的操作", "Not recorded"), "waits"),
      el(
        "section",
        { class: "card" },
        el("p", { class: "row" }, el("strong", { class: "grow" }, actName(act.payload)), keptTag(act.state)),
        el("p", { class: "quiet" }, `#${act.seq} · ${when(act.at)} `, data(app.trip(act.payload.trip)?.vehicle.plate)),
        reasonsOf(act),
        act.payload.act === "note" ? el("a", { class: "button-quiet", href: `#copy/${act.id}` }, t("看记录内容", "See the note")) : null,
      ),
      el("p", { class: "alert" }, MEANS[act.state]),
      el("p", { class: "quiet" }, t("确认后不再提醒，在“待发送”末尾保留 30 天；中心和审计也看得到。", "You are not reminded any more; it stays under “What waits” for 30 days. Desk and auditor see it too.")),
      el("button", { type: "button", class: "button wide danger", onclick: read }, t("已阅：我知道它没有记录", "I have read it: it is not recorded")),
    ],
  };
}
