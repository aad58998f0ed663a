// Nobody is signed in: what is here stays shut, and only how much of it waits is told.

import { t } from "../../language.js";
import { el } from "../element.js";
import { sealedHere } from "../session.js";

export async function signIn(app) {
  const waiting = [...(await sealedHere()).values()];
  const acts = waiting.reduce((sum, count) => sum + count, 0);
  return {
    title: t("登录", "Sign in"),
    nodes: [
      el("h1", { tabindex: "-1" }, t("外勤", "Field")),
      el(
        "section",
        { class: "card" },
        app.refused
          ? el("p", { class: "alert" }, t("您的角色不使用外勤。", "Your role does not work in the field."))
          : el("p", {}, t("登录后，今天的出车、任务和待办会保存在手机上，没有网络也能使用。", "Signed in, today’s trips and jobs are kept on the phone and work without a network.")),
        app.online ? null : el("p", { class: "alert alert-mild" }, t("登录需要网络。", "Signing in needs a network.")),
        el("a", { class: "button wide", href: "/sign-in?next=/field" }, t("登录", "Sign in")),
      ),
      acts
        ? el(
            "section",
            { class: "card" },
            el("h2", {}, t(`手机上有 ${acts} 项操作待处理`, `${acts} acts wait on this phone`)),
            el(
              "p",
              {},
              waiting.length > 1
                ? t(`属于 ${waiting.length} 人，已加密封存：本人登录后才能打开并发送，不会丢失。`, `They are ${waiting.length} people’s and sealed: each opens and is sent when its person signs in. Nothing is lost.`)
                : t("已加密封存：操作人本人登录后才能打开并发送，不会丢失。", "They are sealed: they open and are sent when their person signs in. Nothing is lost."),
            ),
          )
        : null,
    ],
  };
}
