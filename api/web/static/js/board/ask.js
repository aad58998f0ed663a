// One form, one Enter: register the complaint with its job, record consent, ask for the trip. The rule answers while one
// types. A step that was done stays done: the form goes on from where it failed, and the same step is sent under one key.
import { api } from "../api.js";
import { sentencesOf, valuesOf } from "../act.js";
import { instantOf, span, typed } from "../clock.js";
import { t } from "../language.js";
import { sitePicker } from "./places.js";

const WAIT_MS = 300;
const form = document.querySelector("#ask");
const rule = document.querySelector("#rule");
const fault = document.querySelector("#fault");
const step = document.querySelector("#step");
const send = document.querySelector("#send");
const field = (id) => document.querySelector(`#${id}`);
const draft = crypto.randomUUID();
/** What is done already. */
const done = { job: form.dataset.job ?? null, complaint: null, number: "", consents: {} };
const keys = new Map();

/** The key of a step: one for the same words, another for others. */
function keyOf(name, body) {
  const words = JSON.stringify(body);
  if (keys.get(name)?.words !== words) keys.set(name, { words, key: crypto.randomUUID() });
  return keys.get(name).key;
}

const consents = () => [...form.querySelectorAll("[data-consent]:checked")].map((box) => box.value);
const picker = field("site")
  ? sitePicker({ input: field("site"), list: field("places"), told: field("placed"), datum: field("datum"), pick: form.querySelector("[data-pick]") }, soon)
  : null;

function crew() {
  const officers = [...form.querySelectorAll("[data-officer]:checked")].map((box) => ({ person_id: box.value, seat: "officer" }));
  const driver = field("driver").value;
  const others = officers.filter((one) => one.person_id !== driver);
  return driver ? [...others, { person_id: driver, seat: "driver" }] : others;
}

function trip() {
  return {
    vehicle_id: field("vehicle").value,
    job_ids: done.job ? [done.job] : [],
    planned_from: instantOf(field("from").value),
    planned_until: instantOf(field("until").value),
    crew: crew(),
  };
}

function window_() {
  return { start_at: instantOf(field("from").value), end_at: instantOf(field("until").value) };
}

function site() {
  const { name, address, lat, lon, datum } = picker.site();
  return { name, address, lat, lon, datum };
}

function question() {
  const asked = trip();
  if (!done.job && picker?.site()) {
    const { lat, lon, datum } = site();
    asked.drafts = [{ draft_id: draft, site: { lat, lon, datum }, window: window_(), consents: consents() }];
  }
  return asked;
}

/** Make an element with a text. */
function made(tag, text, className = "") {
  const element = Object.assign(document.createElement(tag), { textContent: text, className });
  return element;
}

function cureText(cure) {
  if (cure.kind === "slot") return `${cure.sentence} ${span(cure.from, cure.until)}${cure.keeps_deadline === false ? t("（已过期限）", " (past the deadline)") : ""}`;
  return [cure.sentence, cure.name ?? cure.plate].filter(Boolean).join(" ");
}

function apply(cure, reason) {
  const acts = {
    slot: () => { field("from").value = typed(cure.from); field("until").value = typed(cure.until); },
    driver: () => { field("driver").value = cure.person_id; },
    vehicle: () => { field("vehicle").value = cure.vehicle_id; },
    officer: () => {
      for (const box of form.querySelectorAll("[data-officer]")) {
        if (reason.about.includes(box.value)) box.checked = false;
        if (box.value === cure.person_id) box.checked = true;
      }
    },
    consent: () => { for (const box of form.querySelectorAll("[data-consent]")) box.checked = true; },
    "add-job": () => form.querySelector(":invalid:not(fieldset)")?.focus(),
    accept: async () => {
      const body = { verb: "accept" };
      await api("POST", `/v1/complaints/${cure.complaint_id}/acts`, body, { key: keyOf(`accept ${cure.complaint_id}`, body) });
    },
  };
  Promise.resolve(acts[cure.kind]()).then(check, show);
}

const BY_OTHERS = { "site-decision": true, explain: true, "drop-job": true };

function reasonShown(reason, cures) {
  const item = made("li", "");
  item.append(made("span", reason.sentence));
  for (const cure of cures) {
    if (cure.kind === "consent" && !form.querySelector("[data-consent]:not(:disabled)")) continue;
    if (BY_OTHERS[cure.kind]) {
      item.append(made("span", `→ ${cureText(cure)}`, "data quiet cure"));
      continue;
    }
    const button = made("button", cureText(cure), "button-quiet cure data");
    button.type = "button";
    button.addEventListener("click", () => apply(cure, reason));
    item.append(button);
  }
  return item;
}

/** Show what the rule says. */
function showRule(told) {
  const unwritten = picker && !done.job && !picker.site() && told.reasons.every((one) => one.code === "no-complaint");
  rule.classList.toggle("rule-green", told.permitted);
  rule.classList.toggle("rule-red", !told.permitted && !unwritten);
  rule.dataset.permitted = told.permitted ? "yes" : "no";
  if (unwritten) {
    const wait = t("车辆、时间和人员都符合规则；写好投诉和现场地址后得出最终答复。", "Vehicle, time and crew are in order; the answer is complete once the complaint and its site are written.");
    rule.replaceChildren(made("p", wait, "quiet"));
    return;
  }
  const lead = told.permitted
    ? t("✓ 规则允许此次用车", "✓ The rule permits this trip")
    : t("✗ 规则不允许，原因和办法：", "✗ The rule refuses, for these reasons, each with its cure:");
  const list = made("ul", "", "reasons");
  for (const reason of [...told.reasons, ...told.marks]) list.append(reasonShown(reason, reason.cures));
  rule.replaceChildren(made("p", lead, "lead"), list);
  numberCures();
}

function numberCures() {
  [...rule.querySelectorAll("button.cure")].slice(0, 9).forEach((button, no) => {
    button.dataset.no = String(no + 1);
    const key = made("kbd", `Alt ${no + 1}`);
    button.prepend(key, " ");
  });
}

document.addEventListener("keydown", (event) => {
  if (!event.altKey || !/^[1-9]$/.test(event.key)) return;
  const button = rule.querySelector(`[data-no="${event.key}"]`);
  if (!button) return;
  event.preventDefault();
  button.click();
});

function showFaults(sentences) {
  fault.replaceChildren(...sentences.map((one) => made("p", one)));
}

/** The site is not known yet: nothing was sent. */
class Unplaced extends Error {}

function show(what) {
  showFaults(what instanceof Unplaced ? [t("请先选定现场在哪里。", "First choose where the site is.")] : sentencesOf(what));
}

let timer = null, asking = null;
async function check() {
  asking?.abort();
  const asked = question();
  if (!asked.vehicle_id || !asked.planned_from || !asked.planned_until) {
    unanswered(t("写好车辆和时间后，规则才能答复。", "The rule answers once vehicle and times are written."));
    return;
  }
  asking = new AbortController();
  try {
    const told = await api("POST", "/v1/trips/check", asked, { signal: asking.signal });
    showRule(told);
  } catch (what) {
    if (what.name === "AbortError") return;
    rule.classList.remove("rule-green");
    rule.classList.add("rule-red");
    rule.dataset.permitted = "no";
    rule.replaceChildren(...sentencesOf(what).map((one) => made("p", one)));
  }
}
/** Take the last answer away: it is not of what stands there now. */
function unanswered(words) {
  rule.classList.remove("rule-green", "rule-red");
  delete rule.dataset.permitted;
  if (words) rule.replaceChildren(made("p", words, "quiet"));
}
function soon() {
  clearTimeout(timer);
  unanswered(t("正在核对…", "The rule is asked…"));
  timer = setTimeout(check, WAIT_MS);
}

/** Register the complaint with its acceptance and its job, once. */
async function register() {
  if (done.job) return;
  await picker.settled();
  if (!picker.site()) {
    field("site").focus();
    throw new Unplaced();
  }
  step.textContent = t("正在登记投诉…", "Registering the complaint…");
  const values = valuesOf(form);
  const minutes = Math.max(1, Math.min(60, Math.round((Date.parse(window_().end_at) - Date.parse(window_().start_at)) / 60_000)));
  const { complainant, respondent, facts, claim, source } = values;
  const body = {
    source, complainant, respondent: { ...respondent, address: site().address }, facts, claim, accept: true,
    job: { site: site(), window: window_(), expected_minutes: minutes },
  };
  const answer = await api("POST", "/v1/complaints", body, { key: keyOf("complaint", body) });
  Object.assign(done, { complaint: answer.complaint_id, number: answer.number, job: answer.jobs[0] });
  for (const control of form.querySelectorAll("[data-complaint] input:not([data-consent]), [data-complaint] textarea, [data-complaint] select:not(#how)")) control.disabled = true;
}

async function consent() {
  for (const party of done.complaint ? consents() : []) {
    if (done.consents[party] === "recorded") continue;
    step.textContent = t("正在记录同意调解…", "Recording consent…");
    done.consents[party] ??= { verb: "record-consent", party, given_at: new Date().toISOString(), how: field("how").value };
    await api("POST", `/v1/complaints/${done.complaint}/acts`, done.consents[party], { key: keyOf(`consent ${party}`, done.consents[party]) });
    done.consents[party] = "recorded";
    field(`consent-${party}`).disabled = true;
  }
}

async function ask() {
  step.textContent = t("正在申请用车…", "Asking for the car…");
  const body = trip();
  return api("POST", "/v1/trips", body, { key: keyOf("trip", body) });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (send.disabled) return;
  send.disabled = true;
  fault.replaceChildren();
  try {
    await register();
    await consent();
    const asked = await ask();
    form.hidden = true;
    const shown = field("done");
    shown.hidden = false;
    field("told-done").textContent = [done.number, asked.plate, span(asked.planned_from, asked.planned_until)].filter(Boolean).join(" · ");
    field("told-done").className = "data";
    shown.querySelector("[data-trip-way]").href = `/board/trips/${asked.trip_id}`;
    shown.querySelector("[data-trip-way]").focus();
  } catch (what) {
    if (what.problem?.code === "refused") keys.delete("trip");
    const kept = done.number ? [t(`投诉 ${done.number} 已登记，不会丢失；改好后再按回车，从这一步继续。`, `Complaint ${done.number} is registered and kept: mend this and press Enter to go on from here.`)] : [];
    show(what);
    fault.append(...kept.map((one) => made("p", one)));
    await check();
  } finally {
    step.textContent = "";
    send.disabled = false;
  }
});

form.addEventListener("input", soon);
form.addEventListener("change", soon);
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.isComposing && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
check();
