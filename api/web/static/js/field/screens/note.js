// A visit note 现场走访记录: site, parties and officer are known; what is left is what came of it, in words and photos.

import { t } from "../../language.js";
import { uuid7 } from "../bytes.js";
import { Draft } from "../draft.js";
import { choices, data, el, field } from "../element.js";
import { scaled } from "../photo.js";
import { here } from "../position.js";
import { dropFile, putFile } from "../sealed.js";
import { words } from "../words.js";
import { actForm, heading, keptPicture, photoButton } from "./parts.js";

const ABSENT = { "complainant-absent": "complainant", "respondent-absent": "respondent" };

/** The draft of a job's note, begun with what is known. */
export function draftOf(app, job) {
  return Draft.open(app.who, `note ${job.job_id}`, {
    note_id: uuid7(),
    begun_at: new Date().toISOString(),
    result: "done",
    found: "",
    agreed: "",
    present: [
      ...job.parties.map((one) => ({ name: one.name, standing: one.side, there: true })),
      { name: app.who.name, standing: "mediator", there: true },
    ],
    photos: [],
    position: null,
    why: null,
  });
}

export async function note(app, tripId, jobId) {
  const trip = app.trip(tripId);
  const job = trip?.jobs.find((one) => one.job_id === jobId);
  if (!job) {
    app.go("today");
    return null;
  }
  const draft = await draftOf(app, job);
  const { values } = draft;
  const place = el("p", { class: "quiet", "aria-live": "polite" });
  const people = el("ul", { class: "list" });
  const thumbs = el("ul", { class: "thumbs" });

  function drawPeople() {
    people.replaceChildren(
      ...values.present.map((one, no) =>
        el(
          "li",
          { class: "row" },
          el("label", { class: "tick grow" }, el("input", { type: "checkbox", checked: one.there, onchange: (event) => {
            values.present[no].there = event.target.checked;
            draft.set({});
          } }), el("span", {}, data(one.name), " ", el("span", { class: "quiet" }, standingOf(one.standing)))),
        ),
      ),
    );
  }

  function drawPhotos() {
    thumbs.replaceChildren(
      ...values.photos.map((photo, no) =>
        el(
          "li",
          {},
          keptPicture(app, photo.sha256, t(`照片 ${no + 1}`, `Photo ${no + 1}`)),
          el("button", { type: "button", class: "button-quiet", onclick: () => removePhoto(photo) }, t("删除", "Remove"), el("span", { class: "out-of-sight" }, ` ${no + 1}`)),
        ),
      ),
    );
  }

  async function removePhoto(photo) {
    draft.set({ photos: values.photos.filter((one) => one !== photo) });
    await draft.save();
    await dropFile(app.who, photo.sha256);
    drawPhotos();
  }

  async function takePhoto(file) {
    const { blob, claim } = await scaled(file);
    const sha256 = await putFile(app.who, blob);
    if (!values.photos.some((one) => one.sha256 === sha256)) draft.set({ photos: [...values.photos, { sha256, claim }] });
    await draft.save();
    drawPhotos();
  }

  async function locate() {
    place.textContent = t("正在定位…", "Finding the place …");
    const { place: found, why } = await here();
    draft.set({ position: found, why });
    place.textContent = placeText(found, why);
  }

  function chosen(event) {
    const absent = ABSENT[event.target.value];
    for (const one of values.present) if (one.standing === absent) one.there = false;
    draft.set({ result: event.target.value });
    drawPeople();
  }

  const bind = (name) => (event) => draft.set({ [name]: event.target.value });
  const found = el("textarea", { rows: "4", maxlength: "20000", value: values.found, oninput: bind("found") });
  const agreed = el("textarea", { rows: "3", maxlength: "20000", value: values.agreed, oninput: bind("agreed") });
  const other = el("input", { maxlength: "100", autocomplete: "off" });
  const standing = el("select", {}, words("standing").filter(([value]) => value !== "complainant" && value !== "respondent").map(([value, name]) => el("option", { value }, name)));

  function addPerson() {
    if (!other.value.trim()) return;
    draft.set({ present: [...values.present, { name: other.value.trim(), standing: standing.value, there: true }] });
    other.value = "";
    drawPeople();
  }

  async function act() {
    await draft.save();
    if (values.result === "done" && !values.found.trim()) return t("请写查明的情况。", "Write what was found.");
    return () => app.go(`readBack/${tripId}/${jobId}`);
  }

  async function discard() {
    if (!confirm(t("丢弃这份草稿和照片？", "Throw this draft and its photos away?"))) return;
    await draft.drop(values.photos.map((one) => one.sha256));
    app.go(`trip/${tripId}`);
  }

  return {
    title: t("走访记录", "Visit note"),
    begin() {
      drawPeople();
      drawPhotos();
      if (values.position) place.textContent = placeText(values.position, null);
      else locate();
    },
    leave: () => draft.begun || touched(values) ? draft.save() : null,
    nodes: [
      heading(t("走访记录", "Visit note"), `trip/${tripId}`),
      el("p", {}, data(job.site.name, "strong"), el("br"), data(job.site.address, "small")),
      draft.begun ? el("p", { class: "alert alert-mild" }, t("这是之前未完成的草稿。", "This is a draft begun before.")) : null,
      actForm(
        { button: t("读给双方听，然后签字", "Read it back, then sign"), act },
        choices("result", t("结果", "What came of it"), words("result"), values.result, chosen),
        el("fieldset", {}, el("legend", {}, t("在场人员", "Who was there")), people, el("div", { class: "row" }, field(t("其他人姓名", "Another person’s name"), other), field(t("身份", "As"), standing), el("button", { type: "button", class: "button-quiet", onclick: addPerson }, t("添加", "Add")))),
        field(t("查明的情况", "What was found"), found, t("可用键盘的语音输入。", "The keyboard’s dictation works here.")),
        field(t("达成的协议", "What was agreed"), agreed),
        el("section", { class: "card" }, el("h2", {}, t("照片", "Photos")), photoButton(t("拍照或选照片", "Take or choose photos"), takePhoto, true), thumbs),
        el("div", { class: "row" }, place, el("button", { type: "button", class: "button-quiet", onclick: locate }, t("重新定位", "Locate again"))),
      ),
      el("p", {}, el("button", { type: "button", class: "button-quiet", onclick: discard }, t("丢弃草稿", "Throw the draft away"))),
    ],
  };
}

const touched = (values) => Boolean(values.found || values.agreed || values.photos.length || values.result !== "done");

/** As what somebody was there. */
export const standingOf = (value) => words("standing").find(([one]) => one === value)?.[1] ?? value;

const WHY = {
  denied: t("浏览器未允许定位：记录会注明没有位置。", "The browser may not use the position: the note will say that there is none."),
  unavailable: t("无法定位：记录会注明没有位置。", "No position can be found: the note will say so."),
  timeout: t("暂时没有定到位，可以重试。", "No position yet: try again."),
};

/** How well the phone knows where it is. */
export function placeText(place, why) {
  if (!place) return WHY[why] ?? "";
  return t(`已定位，精度约 ${Math.round(place.accuracy_m)} 米`, `Located to about ${Math.round(place.accuracy_m)} m`);
}
