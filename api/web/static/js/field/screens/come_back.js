// Return 收车: the reading, and a remark if there is one.

import { t } from "../../language.js";
import { writesNotes } from "../day.js";
import { el, field } from "../element.js";
import { actForm, DashboardField, heading } from "./parts.js";

export async function comeBack(app, id) {
  const trip = app.trip(id);
  if (trip?.state !== "departed") {
    app.go(trip ? `trip/${id}` : "today");
    return null;
  }
  const dashboard = new DashboardField(app, trip.vehicle);
  const remark = el("textarea", { maxlength: "2000", rows: "2" });
  const without = writesNotes(app.who.roles) ? trip.jobs.filter((job) => !job.noted.length && !job.done) : [];

  async function act() {
    const { who } = app; // whoever pressed the button signs, also if somebody else is signed in a moment later
    const reading = dashboard.value();
    if (!reading) return t("请输入里程表读数。", "Enter the odometer’s reading.");
    if (dashboard.doubtful(reading)) return t("读数小于上次的读数，请核对；确实如此就再按一次，由服务器判定。", "That is less than the last reading: look again. If it does stand so, press once more, and the server judges it.");
    const said = remark.value.trim() ? { remark: remark.value.trim() } : {};
    await app.keep({ who, act: "return", trip: id, body: { reading, ...said, ...(await app.reported()) }, files: dashboard.files });
    return () => app.go(`trip/${id}`);
  }

  return {
    title: t("收车", "Return"),
    nodes: [
      heading(t("返回收车", "Return"), `trip/${id}`),
      without.length
        ? el("p", { class: "alert alert-mild" }, t(`还有 ${without.length} 个任务没有走访记录。`, `${without.length} of the jobs have no note yet.`))
        : null,
      actForm({ button: t("确认收车", "The car is back"), act }, el("section", { class: "card" }, dashboard.node, field(t("备注（可选）", "Remark (optional)"), remark))),
    ],
  };
}
