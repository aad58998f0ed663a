// Set this phone up: its person reads what is tracked, and a key is made that never leaves it.

import { language, t } from "../../language.js";
import { acknowledge, enrol, link, mine } from "../enrolment.js";
import { choices, data, el } from "../element.js";
import { Unreachable } from "../server.js";
import { actForm, heading } from "./parts.js";
import { lostText } from "./today.js";

export async function enrolling(app) {
  const title = t("启用这部手机", "Set up this phone");
  const nodes = [app.key ? heading(title, "settings") : el("h1", { tabindex: "-1" }, title)];
  if (app.lost) nodes.push(el("p", { class: "alert" }, lostText(app.lost)));
  const told = await fetched();
  if (told === null) {
    nodes.push(el("p", { class: "alert alert-mild" }, t("启用手机需要网络。", "Setting up needs a network.")));
  } else if (!told.devices.length) {
    nodes.push(el("p", { class: "card" }, t("还没有为您登记手机：请管理员在调度台登记，再用这部手机扫描二维码。", "No phone is registered for you: let the administrator register one on the board, then scan its code with this phone.")));
  } else {
    nodes.push(form(app, told));
  }
  return { title, nodes };
}

async function fetched() {
  try {
    return await mine();
  } catch (fault) {
    if (fault instanceof Unreachable) return null;
    throw fault;
  }
}

function form(app, { devices, notice, told }) {
  const chosen = devices.find((one) => one.device_id === link().device)?.device_id ?? devices[0].device_id;

  async function act(filled) {
    const deviceId = new FormData(filled).get("device");
    try {
      if (!told) await acknowledge(deviceId, notice);
      const fault = await enrol(app.who, deviceId);
      if (fault) return fault.detail ?? fault.title;
      app.lost = null;
      await app.changed();
      await app.connect();
      return () => app.go("today");
    } catch (fault) {
      if (fault instanceof Unreachable) return t("没有网络，请稍后再试。", "There is no network: try again later.");
      throw fault;
    }
  }
  return actForm(
    { button: told ? t("启用", "Set up") : t("我已阅读，启用", "I have read it: set up"), act },
    el("p", {}, t("手机会生成一把不会离开本机的密钥，为您的每项操作签名。换手机时重新启用，旧密钥随即停用。", "The phone makes a key that never leaves it and signs each of your acts. On another phone, set that one up: this key ends then.")),
    choices("device", t("这是哪一部手机", "Which of your phones this is"), devices.map((one) => [one.device_id, data(one.name)]), chosen),
    told
      ? null
      : el("section", { class: "card" }, el("h2", {}, t("定位告知", "What is tracked")), el("dl", {}, notice[language].map((one) => [el("dt", {}, one.question), el("dd", {}, one.answer)]))),
  );
}
