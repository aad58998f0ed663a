// Another job here 现场另接投诉: a complaint taken on the spot becomes a job of the running trip.

import { t } from "../../language.js";
import { uuid7 } from "../bytes.js";
import { Draft } from "../draft.js";
import { data, el, field, tick } from "../element.js";
import { here } from "../position.js";
import { isTelephone } from "../telephone.js";
import { word } from "../words.js";
import { actForm, heading } from "./parts.js";

const HOUR_MS = 3_600_000;
const REQUIRED = ["name", "telephone", "address", "firm", "place", "claim", "facts"];

export async function another(app, tripId) {
  const trip = app.trip(tripId);
  if (trip?.state !== "departed") {
    app.go(trip ? `trip/${tripId}` : "today");
    return null;
  }
  const at = trip.jobs.findLast((job) => job.arrived_at) ?? trip.jobs[0];
  const respondent = at?.parties.find((one) => one.side === "respondent");
  const draft = await Draft.open(app.who, `another ${tripId}`, {
    name: "", telephone: "", address: "", claim: "", facts: "",
    firm: respondent?.name ?? "", place: at?.site.address ?? "", complainant: false, respondent: false,
  });
  const { values } = draft;
  const input = (name, most, properties = {}) =>
    el("input", { name, maxlength: most, autocomplete: "off", value: values[name], oninput: (event) => draft.set({ [name]: event.target.value }), ...properties });
  const area = (name) =>
    el("textarea", { name, maxlength: "5000", rows: "3", value: values[name], oninput: (event) => draft.set({ [name]: event.target.value }) });
  const labels = {
    name: t("姓名", "Name"), telephone: t("电话", "Telephone"), address: t("住址", "Address"),
    firm: t("商家名称", "Name of the business"), place: t("地址", "Address of the business"),
    claim: t("请求", "Claim"), facts: t("事实", "Facts"),
  };

  async function act() {
    const { who } = app; // whoever pressed the button signs, also if somebody else is signed in a moment later
    const missing = REQUIRED.filter((name) => !values[name].trim());
    if (missing.length) return t(`请填写：${missing.map((name) => labels[name]).join("、")}。`, `Fill in: ${missing.map((name) => labels[name]).join(", ")}.`);
    if (!isTelephone(values.telephone)) return t("电话号码应为 5 至 20 位数字，可带分机号。", "A telephone number has 5 to 20 digits, perhaps with an extension.");
    const said = (name) => values[name].trim();
    const { place } = await here({ seconds: 8 });
    const now = Date.now();
    const where = place ?? at?.site;
    if (!where) return t("不知道现场在哪里：请允许定位，到开阔处再试。", "Nobody knows where this is: allow the position, and try again in the open.");
    const body = {
      complaint_id: uuid7(now),
      job_id: uuid7(now),
      complaint: {
        source: "on-the-spot",
        received_at: new Date(now).toISOString(),
        complainant: { name: said("name"), telephone: said("telephone"), address: said("address") },
        respondent: { name: said("firm"), address: said("place") },
        claim: said("claim"),
        facts: said("facts"),
      },
      job: {
        site: { name: said("firm"), address: said("place"), lat: where.lat, lon: where.lon, datum: place?.datum ?? "WGS-84" },
        window: { start_at: new Date(now).toISOString(), end_at: new Date(now + 2 * HOUR_MS).toISOString() },
      },
      consents: ["complainant", "respondent"].filter((side) => values[side]).map((side) => ({
        party: side,
        given_at: new Date(now).toISOString(),
        how: "当面 on the spot",
      })),
    };
    await app.keep({ who, act: "another-job", trip: tripId, body });
    await draft.drop();
    return () => app.go(`trip/${tripId}`);
  }

  return {
    title: t("现场另接投诉", "Another job here"),
    leave: () => draft.save(),
    nodes: [
      heading(t("现场另接投诉", "Another job here"), `trip/${tripId}`),
      actForm(
        { button: t("登记并加入本次出车", "Take it down and add it to the trip"), act },
        el("section", { class: "card" }, el("h2", {}, word("party", "complainant")), field(labels.name, input("name", "100")), field(labels.telephone, input("telephone", "40", { type: "tel", inputmode: "tel" })), field(labels.address, input("address", "300"))),
        el("section", { class: "card" }, el("h2", {}, word("party", "respondent")), field(labels.firm, input("firm", "100")), field(labels.place, input("place", "300"))),
        el("section", { class: "card" }, field(labels.claim, area("claim")), field(labels.facts, area("facts"))),
        el(
          "fieldset",
          {},
          el("legend", {}, t("同意现场调解", "Agrees to mediation on the spot")),
          ["complainant", "respondent"].map((side) => tick(side, word("party", side), values[side], (event) => draft.set({ [side]: event.target.checked }))),
        ),
        at ? el("p", { class: "quiet" }, t("现场：", "Site: "), data(at.site.name)) : null,
      ),
    ],
  };
}
