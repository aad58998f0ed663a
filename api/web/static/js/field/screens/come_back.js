// Return 收车: the reading, and a remark if there is one.

import { t } from "../../language.js";
import { el, field } from "../element.js";
import { actForm, DashboardField, heading } from "./parts.js";

export async function comeBack(app, id) {
  const trip = app.trip(id);
  if (trip?.state !== "departed") {
    app.go(trip ? `trip/${id}` : "today");
    return null;
  }
  const start = trip.vehicle.odometer_m;
  const dashboard = new DashboardField(app, trip.vehicle);
  const remark = el("textarea", { maxlength: "2000", rows: "2" });
  const without = trip.jobs.filter((job) => !job.noted.length);

  async function act() {
    const reading = dashboard.value();
    if (!reading) return t("请输入里程表读数。", "Enter the odometer’s reading.");
    if (start !== null && reading.odometer_m < start) return t("读数小于出车时的读数，请核对。", "That is less than at departure: look again.");
    const said = remark.value.trim() ? { remark: remark.value.trim() } : {};
    await app.keep({ act: "return", trip: id, body: { reading, ...said, ...(await app.reported()) }, files: dashboard.files });
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
