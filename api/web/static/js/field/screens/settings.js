// Settings of this phone: language, size of text, theme; its device and key; and signing out.

import { language, t } from "../../language.js";
import { choices, data, el } from "../element.js";
import { persisted } from "../eviction.js";
import { heading } from "./parts.js";

export async function settings(app) {
  const kept = await persisted();
  const root = document.documentElement;
  return {
    title: t("设置", "Settings"),
    nodes: [
      heading(t("设置", "Settings")),
      el("section", { class: "card" }, el("p", {}, data(app.who.name, "strong"), " ", data(app.who.bureau)), el("a", { class: "button-quiet wide", href: "#leaving" }, t("退出登录", "Sign out"))),
      choices("language", t("语言", "Language"), [["zh", el("span", { lang: "zh-CN" }, "中文")], ["en", el("span", { lang: "en" }, "English")]], language, (event) => {
        localStorage.setItem("zhuanche-language", event.target.value);
        location.reload();
      }),
      choices("text", t("文字大小", "Size of text"), [["", t("标准", "Normal")], ["large", t("大", "Large")]], root.dataset.text ?? "", (event) => set("text", event.target.value)),
      choices("theme", t("主题", "Theme"), [["", t("自动", "Automatic")], ["light", t("浅色", "Light")], ["dark", t("深色", "Dark")]], root.dataset.theme ?? "", (event) => set("theme", event.target.value)),
      el(
        "section",
        { class: "card" },
        el("h2", {}, t("这部手机", "This phone")),
        app.key ? el("p", {}, t(`已签名 ${app.key.seq} 项操作。`, `${app.key.seq} acts were signed on it.`)) : el("p", {}, t("尚未启用。", "It is not set up yet.")),
        el("p", { class: "quiet" }, kept ? t("浏览器承诺保留本应用的内容。", "The browser promised to keep what this app stores.") : t("浏览器可能在空间不足时清除内容：请安装到主屏幕，并尽快发送。", "The browser may clear it when space is short: install the app to the home screen, and send soon.")),
        el("a", { class: "button-quiet wide", href: "#enrolling" }, app.key ? t("重新启用", "Set up again") : t("启用这部手机", "Set up this phone")),
      ),
      el(
        "section",
        { class: "card" },
        el("h2", {}, t("位置", "Position")),
        el("p", {}, t("本页打开时可以记录位置；锁屏后浏览器会停止。要全程记录，请安装定位软件。", "Your position is recorded while this page is open; a browser stops when the screen locks. To record all the way, install a tracking app.")),
        app.device?.token
          ? el("a", { class: "button-quiet wide", href: `/enrol/${app.device.token}` }, t("安装定位软件", "Install a tracking app"))
          : el("p", { class: "quiet" }, t("请扫描管理员给的二维码启用手机，才能发送位置。", "Scan the code from the administrator to set the phone up for positions.")),
      ),
    ],
  };
}

function set(name, value) {
  const root = document.documentElement;
  if (value) {
    root.dataset[name] = value;
    localStorage.setItem(`zhuanche-${name}`, value);
  } else {
    delete root.dataset[name];
    localStorage.removeItem(`zhuanche-${name}`);
  }
}
