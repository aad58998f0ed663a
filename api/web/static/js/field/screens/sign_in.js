// Nobody is signed in: what is here stays shut, and only how much of it waits is told.

import { t } from "../../language.js";
import { el } from "../element.js";
import { signOutOwed } from "../../owed.js";
import { sealedHere, signOut } from "../session.js";

/** End the session of who is signed in and may not work here, so that the phone's person can sign in. */
async function another(event) {
  event.target.disabled = true;
  await signOut();
  location.assign("/sign-in?next=/field");
}

export async function signIn(app) {
  const waiting = [...(await sealedHere()).values()];
  const acts = waiting.reduce((sum, count) => sum + count, 0);
  const owed = await signOutOwed();
  return {
    title: t("登录", "Sign in"),
    nodes: [
      el("h1", { tabindex: "-1" }, t("外勤", "Field")),
      el(
        "section",
        { class: "card" },
        app.refused
          ? [el("p", { class: "alert data" }, app.refused.detail ?? app.refused.title), el("p", { class: "quiet" }, t("外勤由现场调解人员和驾驶员使用。", "The field is for officers and drivers."))]
          : el("p", {}, t("登录后，今天的出车、任务和待办会保存在手机上，没有网络也能使用。", "Signed in, today’s trips and jobs are kept on the phone and work without a network.")),
        app.online ? null : el("p", { class: "alert alert-mild" }, t("登录需要网络。", "Signing in needs a network.")),
        owed ? el("p", { class: "alert alert-mild" }, t("已在手机上退出；连上服务器后，先结束服务器上的登录。", "Signed out on this phone; the session ends at the server before anything else, once it is reached.")) : null,
        app.refused
          ? [el("button", { type: "button", class: "button wide", onclick: another }, t("退出，换人登录", "Sign out, and let another sign in")), el("a", { class: "button-quiet wide", href: "/" }, t("我的工作台", "My workplace"))]
          : el("a", { class: "button wide", href: "/sign-in?next=/field" }, t("登录", "Sign in")),
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
