// The note read back to both parties on one screen, then signed by them, or refused with reason and witness.

import { t } from "../../language.js";
import { data, el, lines } from "../element.js";
import { here } from "../position.js";
import { putFile } from "../sealed.js";
import { SigningPlace } from "../signature.js";
import { clock, word } from "../words.js";
import { actForm, heading, keptPicture } from "./parts.js";
import { draftOf, placeText, standingOf } from "./note.js";

const SIDES = ["complainant", "respondent"];

/** The body of a note as `/v1/visit-notes` takes it. Pure. */
function bodyOf(values, { job_id, trip_id, signatures, end, now }) {
  return {
    note_id: values.note_id,
    job_id,
    trip_id,
    result: values.result,
    device_at: now,
    ...(values.position ?? end ? { position: values.position ?? end } : {}),
    ...(end ? { position_end: end } : {}),
    present: values.present.filter((one) => one.there).map(({ name, standing }) => ({ name, standing })),
    found: values.found.trim(),
    agreed: values.agreed.trim(),
    signatures,
    files: values.photos.map(({ sha256, claim }, no) => ({
      sha256,
      name: `${no + 1}.jpg`,
      role: "photo",
      ...(claimed(claim) ? { claimed: claimed(claim) } : {}),
    })),
    source: "phone",
  };
}

/** What a photo's file claimed, without what it did not say. */
function claimed(claim) {
  const said = Object.entries(claim ?? {}).filter(([, value]) => value !== null);
  return said.length ? Object.fromEntries(said) : null;
}

export async function readBack(app, tripId, jobId) {
  const trip = app.trip(tripId);
  const job = trip?.jobs.find((one) => one.job_id === jobId);
  if (!job) {
    app.go("today");
    return null;
  }
  const draft = await draftOf(app, job);
  const { values } = draft;
  const present = values.present.filter((one) => one.there);
  const places = SIDES.filter((side) => present.some((one) => one.standing === side)).map((side) => {
    const name = present.find((one) => one.standing === side).name;
    return new SigningPlace(side, word("party", side), name, () => {});
  });

  async function act() {
    const { who } = app; // whoever pressed the button signs, also if somebody else is signed in a moment later
    for (const place of places) {
      const missing = place.faults();
      if (missing.length) return t(`${word("party", place.party)}：缺少${missing.join("、")}。`, `${word("party", place.party)}: ${missing.join(", ")} missing.`);
    }
    const { place: end } = await here({ seconds: 6, oldest: 5 });
    const signatures = [];
    for (const place of places) signatures.push(await place.value((drawing) => putFile(app.who, drawing)));
    const body = bodyOf(values, { job_id: jobId, trip_id: tripId, signatures, end, now: new Date().toISOString() });
    const files = [...new Set([...values.photos.map((one) => one.sha256), ...signatures.flatMap((one) => one.sha256 ?? [])])];
    const kept = await app.keep({ who, act: "note", trip: tripId, body, files }, 0);
    await draft.drop();
    return () => app.go(`copy/${kept.id}`);
  }

  return {
    title: t("核对并签字", "Read back and sign"),
    begin: () => places.forEach((place) => place.begin()),
    nodes: [
      heading(t("核对并签字", "Read back and sign"), `note/${tripId}/${jobId}`),
      el(
        "section",
        { class: "card read" },
        el("h2", {}, data(job.site.name)),
        el("p", {}, data(job.site.address), " · ", clock(values.begun_at)),
        el("dl", {}, el("dt", {}, t("请求", "Claim")), el("dd", {}, lines(job.claim)), el("dt", {}, t("结果", "What came of it")), el("dd", {}, word("result", values.result)), el("dt", {}, t("在场人员", "Who was there")), el("dd", {}, present.map((one) => el("p", {}, data(one.name), " ", standingOf(one.standing)))), el("dt", {}, t("查明的情况", "What was found")), el("dd", {}, lines(values.found || "—")), el("dt", {}, t("达成的协议", "What was agreed")), el("dd", {}, lines(values.agreed || "—"))),
        values.photos.length ? el("ul", { class: "thumbs" }, values.photos.map((one, no) => el("li", {}, keptPicture(app, one.sha256, t(`照片 ${no + 1}`, `Photo ${no + 1}`))))) : null,
        el("p", { class: "quiet" }, placeText(values.position, values.why)),
      ),
      actForm({ button: t("签署并保存", "Sign and keep"), act }, places.map((place) => place.node), places.length ? null : el("p", { class: "card" }, t("双方均不在场，无需签字。", "Neither party is there: nobody signs."))),
    ],
  };
}
