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
  if (!app.key && app.acts.some((act) => act.why === "chain-ended")) nodes.push(ended());
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

/** The server ended the key that was here: nothing of it is lost, but what it signed since is not recorded. */
const ended = () =>
  el(
    "p",
    { class: "alert" },
    t("这部手机的密钥已停用：您启用了另一部手机，或这部手机已被注销。之后的操作没有记录，", "This phone’s key has ended: another phone was set up for you, or this one was withdrawn. What was done since is not recorded: "),
    el("a", { href: "#waits" }, t("请查看", "look")),
    t("。", "."),
  );

async function fetched() {
  try {
    return await mine();
  } catch (fault) {
    if (fault instanceof Unreachable) return null;
    throw fault;
  }
}

const notSent = (count) =>
  t(
    `还有 ${count} 项操作没有送达。重新启用后它们不会被记录，请先联网发送。仍要重新启用？`,
    `${count} acts have not been sent. Set up anew, they will not be recorded: send them first. Set up all the same?`,
  );

function form(app, { devices, notice, told }) {
  const chosen = devices.find((one) => one.device_id === link().device)?.device_id ?? devices[0].device_id;

  async function act(filled) {
    if (app.key && app.waiting && !confirm(notSent(app.waiting))) return null;
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
