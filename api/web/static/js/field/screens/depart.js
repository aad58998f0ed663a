// Depart 出车: the reading, who goes along, and the short safety check.

import { t } from "../../language.js";
import { windowAt } from "../day.js";
import { data, el, field, tick } from "../element.js";
import { span, word } from "../words.js";
import { actForm, DashboardField, heading } from "./parts.js";

const CHECKS = [
  ["tyres", t("轮胎", "Tyres")],
  ["lights", t("灯光", "Lights")],
  ["fuel", t("油量", "Fuel")],
  ["papers", t("证件", "Papers")],
];

export async function depart(app, id) {
  const trip = app.trip(id);
  if (trip?.state !== "approved") {
    app.go(trip ? `trip/${id}` : "today");
    return null;
  }
  const dashboard = new DashboardField(app, trip.vehicle);
  const remark = el("textarea", { maxlength: "2000", rows: "2" });
  const wrongRemark = field(t("不正常的地方", "What is not in order"), remark);
  wrongRemark.hidden = true;
  const boxes = CHECKS.map(([name, text]) => tick(name, text, false, () => sync()));
  const all = el("button", { type: "button", class: "button-quiet wide", onclick: () => setAll() }, t("全部正常", "All in order"));
  const inputs = boxes.map((box) => box.querySelector("input"));
  let touched = false;

  function sync() {
    touched = true;
    wrongRemark.hidden = inputs.every((box) => box.checked);
  }
  function setAll() {
    for (const box of inputs) box.checked = true;
    sync();
  }

  async function act() {
    const { who } = app; // whoever pressed the button signs, also if somebody else is signed in a moment later
    const reading = dashboard.value();
    if (!reading) return t("请输入里程表读数。", "Enter the odometer’s reading.");
    if (!touched) return t("请完成安全检查。", "Do the safety check first.");
    const check = Object.fromEntries(inputs.map((box) => [box.name, box.checked]));
    if (Object.values(check).includes(false) && !remark.value.trim()) return t("请写明不正常的地方。", "Say what is not in order.");
    if (remark.value.trim()) check.remark = remark.value.trim();
    await app.keep({ who, act: "depart", trip: id, body: { reading, check, ...(await app.reported()) }, files: dashboard.files });
    return () => app.go(`trip/${id}`);
  }

  return {
    title: t("出车", "Depart"),
    nodes: [
      heading(t("出车", "Depart"), `trip/${id}`),
      el("p", { class: "row" }, data(trip.vehicle.plate, "strong"), el("span", {}, span(trip.planned_from, trip.planned_until))),
      windowAt(trip, Date.now()) === "open" ? null : el("p", { class: "alert" }, t("现在不在批准的时间内。", "It is not within the approved window now.")),
      actForm(
        { button: t("现在出车", "Depart now"), act },
        el("section", { class: "card" }, dashboard.node),
        el(
          "section",
          { class: "card" },
          el("h2", {}, t("随车人员", "Aboard")),
          el("ul", { class: "list" }, trip.crew.map((one) => el("li", {}, data(one.name), " ", el("span", { class: "quiet" }, word("seat", one.seat))))),
          el("small", { class: "quiet" }, t("换人请先让调度修改随车人员。", "If somebody else goes along, let the desk change the crew first.")),
        ),
        el("fieldset", {}, el("legend", {}, t("安全检查", "Safety check")), all, el("div", { class: "ticks" }, boxes), wrongRemark),
      ),
    ],
  };
}
