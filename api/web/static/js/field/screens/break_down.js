// A breakdown or an accident: the trip ends where the car stops.

import { t } from "../../language.js";
import { choices, el, field, tick } from "../element.js";
import { here } from "../position.js";
import { actForm, DashboardField, heading } from "./parts.js";

export async function breakDown(app, id) {
  const trip = app.trip(id);
  if (trip?.state !== "departed") {
    app.go(trip ? `trip/${id}` : "today");
    return null;
  }
  const dashboard = new DashboardField(app, trip.vehicle);
  const where = el("input", { maxlength: "500", autocomplete: "off" });
  const account = el("textarea", { maxlength: "2000", rows: "3" });
  const police = el("input", { maxlength: "100", autocomplete: "off" });

  async function act(form) {
    const { who } = app; // whoever pressed the button signs, also if somebody else is signed in a moment later
    const reading = dashboard.value();
    if (!reading) return t("请输入里程表读数。", "Enter the odometer’s reading.");
    if (!where.value.trim()) return t("请写明停在哪里。", "Say where the car stands.");
    if (!account.value.trim()) return t("请写明发生了什么。", "Say what happened.");
    const { place } = await here({ seconds: 8 });
    const body = {
      kind: new FormData(form).get("kind"),
      reading,
      ...(place ? { place: { lat: place.lat, lon: place.lon, datum: place.datum } } : {}),
      place_name: where.value.trim(),
      account: account.value.trim(),
      injured: form.elements.injured.checked,
      third_party: form.elements.third_party.checked,
      ...(police.value.trim() ? { police_no: police.value.trim() } : {}),
      ...(await app.reported()),
    };
    await app.keep({ who, act: "break-down", trip: id, body, files: dashboard.files });
    return () => app.go(`trip/${id}`);
  }

  return {
    title: t("故障或事故", "Break down"),
    nodes: [
      heading(t("故障或事故", "Breakdown or accident"), `trip/${id}`),
      el("p", { class: "alert alert-mild" }, t("有人受伤请先拨打 120、122。本次出车在此结束。", "If somebody is hurt, call 120 and 122 first. The trip ends here.")),
      actForm(
        { button: t("报告并结束出车", "Report it and end the trip"), act, danger: true },
        choices("kind", t("情况", "What it is"), [["breakdown", t("故障", "Breakdown")], ["accident", t("事故", "Accident")]], "breakdown"),
        el("section", { class: "card" }, dashboard.node, field(t("停在哪里", "Where the car stands"), where), field(t("发生了什么", "What happened"), account)),
        el("div", { class: "ticks" }, tick("injured", t("有人受伤", "Somebody is hurt"), false), tick("third_party", t("涉及第三方", "Others are involved"), false)),
        field(t("报警编号（可选）", "Police number (optional)"), police),
      ),
    ],
  };
}
