// Signing out: what still waits is said first, and that it stays sealed on this phone for the same person.

import { t } from "../../language.js";
import { el } from "../element.js";
import { names } from "../sealed.js";
import { signOut } from "../session.js";
import { heading } from "./parts.js";

export async function leaving(app) {
  const waiting = app.waiting + app.files;
  const drafts = (await names(app.who, "draft ")).length;

  async function leave(event) {
    event.target.disabled = true;
    await signOut();
    location.replace("/field");
  }

  return {
    title: t("退出登录", "Sign out"),
    live: true,
    nodes: [
      heading(t("退出登录", "Sign out"), "settings"),
      waiting || drafts
        ? el(
            "section",
            { class: "card" },
            waiting ? el("p", { class: "alert alert-mild" }, t(`还有 ${waiting} 项没有送达。`, `${waiting} things have not been sent.`)) : null,
            drafts ? el("p", { class: "alert alert-mild" }, t(`还有 ${drafts} 份草稿。`, `${drafts} drafts are unfinished.`)) : null,
            el("p", {}, t("退出后它们加密封存在这部手机上：只有您本人再次登录才能打开并发送，不会丢失。", "They stay sealed on this phone: only your own next sign-in here opens and sends them. Nothing is lost.")),
            app.online && waiting ? el("button", { type: "button", class: "button wide", "data-key": "send", onclick: () => app.send() }, t("先发送", "Send first")) : null,
          )
        : el("p", { class: "card" }, t("全部已送达。退出后手机上不留下可读的内容。", "All was sent. Nothing readable stays on the phone.")),
      el("button", { type: "button", class: `button wide${waiting ? " danger" : ""}`, onclick: leave }, waiting ? t("仍要退出", "Sign out all the same") : t("退出登录", "Sign out")),
    ],
  };
}
