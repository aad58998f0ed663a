// Forms with `data-act="METHOD /v1/…"`: their named controls become JSON, the API answers, and its sentence is shown.
//
// name="reading.odometer_m"  a path in the JSON; a number in it is a place in a list (crew.0.seat)
// data-type="int|number|bool|km|instant|lines|list|json|file"  how the text is read (km: kilometres, sent as metres;
//   instant: of the bureau's zone; list: all chosen of one name; file: sent first, then its SHA-256); an empty text is
//   left out unless data-keep
// data-in="path"  fills {name} in data-act
// data-then="refresh:#part | go:/address | reload | reset"  what happens after success; data-said is what is told
// A "sending" event lets others do something first (`detail.until(promise)`); an "acted" event carries the answer, a
// "refused" event the problem.
import { Problem, api } from "./api.js";
import { t } from "./language.js";

/** What was typed cannot be read; its message says so. */
class Unread extends Error {}

function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Unread(t("这不是 JSON，请检查引号、逗号和括号。", "This is not JSON: check its quotes, commas and brackets."));
  }
}

const READ = {
  int: Number,
  number: (text) => Number(text),
  km: (text) => Math.round(Number(text) * 1000),
  instant: (text) => `${text.length === 16 ? `${text}:00` : text}${document.documentElement.dataset.offset}`,
  lines: (text) => text.split("\n").map((line) => line.trim()).filter(Boolean),
  json: readJson,
};

/** Put a value into nested objects and lists by its dotted path. */
export function put(into, path, value) {
  const steps = path.split(".");
  let at = into;
  steps.forEach((step, no) => {
    if (no === steps.length - 1) at[step] = value;
    else at = at[step] ??= /^\d+$/.test(steps[no + 1]) ? [] : {};
  });
}

/** Return what a form's controls say, as the JSON that its act sends. */
export function valuesOf(form) {
  const values = {};
  for (const control of form.elements) {
    const { type, keep, in: where, sha256 } = control.dataset;
    if (!control.name || control.disabled || where || control.type === "submit") continue;
    if (type === "file") {
      if (sha256) put(values, control.name, sha256);
    } else if (type === "list") {
      const list = values[control.name] ?? [];
      if (control.checked || control.type === "hidden") list.push(control.value);
      put(values, control.name, list);
    } else if (control.type === "checkbox") {
      if (type === "bool") put(values, control.name, control.checked);
      else if (control.checked) put(values, control.name, (READ[type] ?? String)(control.value));
    } else if (control.type !== "radio" || control.checked) {
      const text = control.value.trim();
      if (text !== "" || keep !== undefined) put(values, control.name, (READ[type] ?? String)(text));
    }
  }
  return dense(values);
}

/** Close the gaps of lists whose rows were taken out of the form. */
function dense(value) {
  if (Array.isArray(value)) return value.filter((one) => one !== undefined).map(dense);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, dense(one)]));
}

/** Tell something in passing; screen readers say it too. */
export function tell(text) {
  const told = document.querySelector("#told");
  told.textContent = text;
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => { told.textContent = ""; }, 6000);
}

/** Say in the reader's language what the service did not take of a value; it says so in the words of its decoder. */
function wordOf(what, inMetres) {
  const [, bound, length] = /of length ([<>])= (\d+)/.exec(what) ?? [];
  if (bound === ">") return t(`至少 ${length} 个`, `at least ${length}`);
  if (bound === "<") return t(`最多 ${length} 个`, `at most ${length}`);
  const [, sign, limit] = inMetres ? [] : /` ([<>]=?) (-?[\d.]+)/.exec(what) ?? [];
  if (sign === ">") return t(`须大于 ${Number(limit)}`, `more than ${Number(limit)}`);
  if (sign === "<") return t(`须小于 ${Number(limit)}`, `less than ${Number(limit)}`);
  if (sign) return sign === ">=" ? t(`不得小于 ${Number(limit)}`, `not less than ${Number(limit)}`) : t(`不得大于 ${Number(limit)}`, `not more than ${Number(limit)}`);
  if (what.includes("missing required")) return t("必须填写", "must be filled in");
  return t("这样填写无法接受", "cannot be taken like this");
}

/** Return the control that a fault is about, and its name as the page says it. */
function controlOf(form, at) {
  const control = [...(form?.elements ?? [])].find((one) => one.name === at);
  return { control, name: control?.labels?.[0]?.textContent.trim() || at };
}

/** Return the sentences of a fault: what is wrong, every reason, and how each can be cured; of a form's, by its labels. */
export function sentencesOf(fault, form = null) {
  if (fault instanceof Unread) return [fault.message];
  if (fault.name === "TimeoutError") {
    return [t("服务没有及时答复，是否已经记录尚不清楚。请直接再提交一次，不会重复记录。", "The service has not answered in time, and it is not known whether this is on record. Send it once more: it is recorded once.")];
  }
  if (!(fault instanceof Problem)) return [t("无法连接服务，请检查网络后重试。", "The service cannot be reached: check the network and try again.")];
  const { problem } = fault;
  if (problem.code === "idempotency-key-reused") {
    return [t("上一次提交的内容已经送达并记录在案，这次改过的内容没有记录。请先查看已有记录；确需另外再提交一份的，请再按一次。", "What was sent first did arrive and is on record; what was changed since is not. Look at the record first, and press again only to send this as another one.")];
  }
  const reasons = (problem.reasons ?? []).map((reason) => reason.sentence ?? reason.code);
  const faults = (problem.faults ?? []).map(({ at, what }) => {
    const { control, name } = controlOf(form, at);
    return t(`${name}：${wordOf(what, control?.dataset.type === "km")}。`, `${name}: ${wordOf(what, control?.dataset.type === "km")}.`);
  });
  const first = problem.detail ?? problem.title ?? String(fault.status);
  return [...new Set([first, ...reasons, ...faults])];
}

/** Show a fault in a form's alert, or take an old one away. */
export function showFault(form, fault) {
  let alert = form.querySelector("[role=alert]");
  if (!alert) {
    alert = document.createElement("div");
    alert.className = "alert";
    alert.setAttribute("role", "alert");
    form.append(alert);
  }
  alert.replaceChildren();
  for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  if (!fault) return;
  const wrong = (fault.problem?.faults ?? []).map(({ at }) => controlOf(form, at).control).filter(Boolean);
  for (const control of wrong) control.setAttribute("aria-invalid", "true");
  wrong[0]?.focus();
  const [first, ...rest] = sentencesOf(fault, form);
  const lead = document.createElement("strong");
  lead.textContent = first;
  alert.append(lead);
  if (rest.length) {
    const list = document.createElement("ul");
    for (const sentence of rest) list.append(Object.assign(document.createElement("li"), { textContent: sentence }));
    alert.append(list);
  }
}

/** By form, the key of what was sent and not answered: while nobody knows what became of it, nothing goes under another. */
const keys = new WeakMap();

/** Return where an act goes: its method, and its address with what the form says of it. */
function target(form) {
  const [method, template] = form.dataset.act.split(" ");
  const path = template.replace(/\{([\w.]+)\}/g, (_, name) => encodeURIComponent(form.elements[name].value));
  return { method, path };
}

function after(form) {
  for (const step of (form.dataset.then ?? "").split(/\s+/).filter(Boolean)) {
    if (step === "reload") location.reload();
    else if (step === "reset") form.reset();
    else if (step.startsWith("go:")) location.assign(step.slice(3));
    else if (step.startsWith("refresh:")) {
      for (const part of document.querySelectorAll(step.slice(8))) window.htmx.trigger(part, "refresh");
    }
  }
}

/** Send the files that a form has, each under its SHA-256, which its control then says. */
async function sendFiles(form) {
  for (const control of form.querySelectorAll("input[data-type=file]")) {
    const [file] = control.files;
    if (!file) { delete control.dataset.sha256; continue; }
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    const name = Array.from(digest, (one) => one.toString(16).padStart(2, "0")).join("");
    await api("PUT", `/v1/attachments/${name}`, file, { type: file.type || "application/octet-stream" });
    control.dataset.sha256 = name;
  }
}

/**
 * Send what a form says; the same form sent again after a broken connection is the same act. Was it changed meanwhile, the
 * service takes it in place of the first, or says that the first had arrived.
 */
export async function send(form) {
  const buttons = [...form.querySelectorAll("button")].filter((button) => !button.disabled);
  const { method, path } = target(form);
  const key = keys.get(form) ?? crypto.randomUUID();
  keys.set(form, key);
  for (const button of buttons) button.disabled = true;
  showFault(form, null);
  try {
    const first = [];
    form.dispatchEvent(new CustomEvent("sending", { bubbles: true, detail: { until: (work) => first.push(work) } }));
    await Promise.all(first);
    await sendFiles(form);
    const answer = await api(method, path, method === "DELETE" ? null : valuesOf(form), { key: method === "POST" ? key : "" });
    keys.delete(form);
    if (form.dataset.said) tell(form.dataset.said);
    form.dispatchEvent(new CustomEvent("acted", { bubbles: true, detail: answer }));
    after(form);
  } catch (fault) {
    if (fault instanceof Problem && fault.status < 500) keys.delete(form);
    showFault(form, fault);
    form.dispatchEvent(new CustomEvent("refused", { bubbles: true, detail: fault }));
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-act]");
  if (!form) return;
  event.preventDefault();
  if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) return;
  send(form);
});
