// Forms with `data-act="METHOD /v1/…"`: their named controls become JSON, the API answers, and its sentence is shown.
//
// name="reading.odometer_m"  a path in the JSON; a number in it is a place in a list (crew.0.seat)
// data-type="int|number|bool|km|instant|lines|list|json"  how the text is read (km: kilometres, sent as metres;
//   instant: of the bureau's zone; list: all chosen of one name); an empty text is left out unless data-keep
// data-in="path"  fills {name} in data-act
// data-then="refresh:#part | go:/address | reload | reset"  what happens after success; data-said is what is told
// An "acted" event carries the answer, a "refused" event the problem.
import { Problem, api } from "./api.js";
import { t } from "./language.js";

const READ = {
  int: (text) => Number.parseInt(text, 10),
  number: (text) => Number(text),
  km: (text) => Math.round(Number(text) * 1000),
  instant: (text) => `${text.length === 16 ? `${text}:00` : text}${document.documentElement.dataset.offset}`,
  lines: (text) => text.split("\n").map((line) => line.trim()).filter(Boolean),
  json: (text) => JSON.parse(text),
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
    const { type, keep, in: where } = control.dataset;
    if (!control.name || control.disabled || where || control.type === "submit") continue;
    if (type === "list") {
      const list = values[control.name] ?? [];
      if (control.checked || control.type === "hidden") list.push(control.value);
      put(values, control.name, list);
    } else if (control.type === "checkbox") {
      if (type === "bool" || control.checked) put(values, control.name, type === "bool" ? control.checked : control.value);
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

/** Return the sentences of a fault: what is wrong, every reason, and how each can be cured. */
export function sentencesOf(fault) {
  if (!(fault instanceof Problem)) return [t("无法连接服务，请检查网络后重试。", "The service cannot be reached: check the network and try again.")];
  const { problem } = fault;
  const reasons = (problem.reasons ?? []).map((reason) => reason.sentence ?? reason.code);
  const faults = (problem.faults ?? []).map((one) => `${one.at}: ${one.what}`);
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
  if (!fault) return;
  const [first, ...rest] = sentencesOf(fault);
  const lead = document.createElement("strong");
  lead.textContent = first;
  alert.append(lead);
  if (rest.length) {
    const list = document.createElement("ul");
    for (const sentence of rest) list.append(Object.assign(document.createElement("li"), { textContent: sentence }));
    alert.append(list);
  }
}

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

/** Send what a form says; the same form sent again after a broken connection is the same act. */
export async function send(form) {
  const buttons = [...form.querySelectorAll("button")].filter((button) => !button.disabled);
  const { method, path } = target(form);
  const key = keys.get(form) ?? crypto.randomUUID();
  keys.set(form, key);
  for (const button of buttons) button.disabled = true;
  showFault(form, null);
  try {
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
