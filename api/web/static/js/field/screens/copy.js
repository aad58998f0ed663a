// A copy for the parties: the printed note where there is a network, a QR code with what it says where there is none.

import { t } from "../../language.js";
import { codeOf } from "../code.js";
import { data, el, lines } from "../element.js";
import { ask, Unreachable } from "../server.js";
import { when, word } from "../words.js";
import { alertLine, heading, keptTag, reasonsOf } from "./parts.js";

/** What a party can read of a note without us: in plain words, with the hash that proves it. Pure. */
function summaryOf({ at, payload: { body, id } }, site) {
  return [
    t("现场走访记录", "Visit note"),
    when(at),
    site ?? "",
    word("result", body.result),
    ...body.signatures.map((one) => `${word("party", one.party)} ${one.name}: ${SIGNED[one.how]}`),
    `${t("协议", "Agreed")}: ${body.agreed || "—"}`,
    `${t("查明", "Found")}: ${body.found || "—"}`,
    `ID ${body.note_id}`,
    `ACT ${id}`,
  ].filter(Boolean).join("\n");
}

const SIGNED = { signed: t("已签名", "signed"), refused: t("拒签", "refused to sign"), unable: t("无法签名", "could not sign") };

/** Hand a file over as a download: a window that opens after an answer would be blocked. */
function save(file) {
  const address = URL.createObjectURL(file);
  el("a", { href: address, download: file.name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

export async function copy(app, actId) {
  const act = app.acts.find((one) => one.id === actId);
  if (act?.payload.act !== "note") {
    app.go("today");
    return null;
  }
  const { body, trip: tripId } = act.payload;
  const site = app.trip(tripId)?.jobs.find((one) => one.job_id === body.job_id)?.site;
  const text = summaryOf(act, site?.name);
  const wrong = alertLine();
  const here = act.state === "confirmed" || act.state === "conflict";

  async function share() {
    try {
      const answer = await ask("GET", `/v1/visit-notes/${body.note_id}/note.pdf`, { headers: { Accept: "application/pdf" } });
      if (answer.status !== 200) throw new Unreachable(String(answer.status));
      const file = new File([answer.body], `${body.note_id}.pdf`, { type: "application/pdf" });
      if (navigator.canShare?.({ files: [file] })) await navigator.share({ files: [file] });
      else save(file);
    } catch (fault) {
      if (fault.name === "AbortError") return; // the person thought better of it
      wrong.textContent = t("暂时取不到 PDF，请稍后再试。", "The PDF cannot be fetched now: try again later.");
    }
  }

  return {
    title: t("记录副本", "Copy of the note"),
    live: true,
    nodes: [
      heading(t("记录副本", "Copy of the note"), `trip/${tripId}`),
      el("p", { class: "row" }, keptTag(act.state), el("span", { class: "quiet" }, when(act.at))),
      act.state === "refused" || act.state === "conflict" ? el("div", { class: "alert" }, reasonsOf(act)) : null,
      el("section", { class: "card" }, codeOf(text, t("记录内容的二维码", "QR code of the note")), el("p", {}, t("当事人可用手机扫描，留存要点。", "The parties scan it and keep what matters."))),
      here
        ? el("button", { type: "button", class: "button wide", onclick: share }, t("发送或打开 PDF", "Share or open the PDF"))
        : el("p", { class: "quiet" }, t("服务器确认后可以发送 PDF。", "The PDF is there once the server has confirmed.")),
      wrong,
      el("details", { class: "fold" }, el("summary", {}, t("二维码的文字", "The code in words")), lines(text)),
      el("a", { class: "button-quiet wide", href: `#trip/${tripId}` }, t("回到出车", "Back to the trip"), " ", data(app.trip(tripId)?.vehicle.plate ?? "")),
    ],
  };
}
