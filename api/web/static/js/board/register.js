// Registers: each list is asked of the API and drawn by its columns; what an act answers is shown where it must be read once.
import { api } from "../api.js";
import { sentencesOf, tell } from "../act.js";
import { typed } from "../clock.js";
import { t } from "../language.js";

const names = JSON.parse(document.querySelector("[data-names]").dataset.names);
const YES = t("是", "yes"), NO = t("否", "no");

/** Return the value at a dotted path. */
const at = (value, path) => (path ? path.split(".").reduce((inner, key) => inner?.[key], value) : value);

/** Return a value as people read it, and whether it is somebody's own words. */
function read(value, column) {
  if (value === null || value === undefined || value === "") return ["", false];
  switch (column.kind) {
    case "at": return [typed(value).replace("T", " "), false];
    case "who": case "unit": case "vehicle": case "device": return [names[value] ?? String(value), true];
    case "yes": return [value ? YES : NO, false];
    case "km": return [(value / 1000).toLocaleString("en", { maximumFractionDigits: 1 }), false];
    case "word": return [column.words[value] ?? value, column.words[value] === undefined];
    case "words": return [value.map((one) => column.words[one] ?? one).join(t("、", ", ")), false];
    case "told":
      if (!value.length) return [t("没有可送达的人", "nobody could be reached"), false];
      return [value.map((one) => [names[one.person_id], column.words[one.channel], column.words[one.state], column.words[one.fault] ?? one.fault].filter(Boolean).join(" · ")).join("\n"), true];
    case "count": return [String(value.length), false];
    case "detail": return [Object.entries(value).map(([key, one]) => `${column.words[key] ?? key}: ${names[one] ?? (typeof one === "object" ? JSON.stringify(one) : one)}`).join("\n"), true];
    case "json": return [JSON.stringify(value, null, 2), true];
    case "yuan": return [(value / 100).toFixed(2), false];
    default: return [String(value), column.kind !== "day"];
  }
}

/** Let a form's controls say what its row says. */
function fill(form, row) {
  for (const control of form.elements) {
    const value = control.name ? at(row, control.name) : undefined;
    if (value === undefined || value === null || control.name === "reason") continue;
    if (control.type === "checkbox") control.checked = value.includes(control.value);
    else control.value = typeof value === "object" ? JSON.stringify(value, null, 2) : String(value);
  }
}

/** Return what holds a value: a link to a row's own page or to a file, else a text. */
function holderOf(row, column, way) {
  const href = way ?? (column.kind === "file" && at(row, column.key) ? `/v1/attachments/${at(row, column.key)}` : null);
  return href ? Object.assign(document.createElement("a"), { href }) : document.createElement("span");
}

/** Draw a register; it draws itself anew after each of its acts. */
function register(section) {
  const told = JSON.parse(section.dataset.register);
  const body = section.querySelector("tbody"), more = section.querySelector("[data-more]"), none = section.querySelector("[data-none]");
  const acts = section.querySelector("[data-acts]");
  const headings = [...section.querySelectorAll("thead th")].map((one) => one.textContent);
  const undone = new Set();
  let next = null, count = 0, turn = 0;

  function cell(row, column, first) {
    const [words, own] = read(at(row, column.key), column);
    const element = document.createElement(first ? "th" : "td");
    if (first) element.scope = "row";
    else element.dataset.label = headings[told.columns.indexOf(column)];
    if (column.kind === "km" || column.kind === "count") element.className = "number";
    const led = first && told.way && Object.entries(told.way_when).every(([key, value]) => row[key] === value);
    const holder = holderOf(row, column, led ? told.way.replace("{id}", encodeURIComponent(row[told.id])) : null);
    holder.textContent = (column.kind === "file" && words ? t("打开", "Open") : words) || (first ? "—" : "");
    if (!words && !first) return element;
    if (own && column.kind !== "file") holder.classList.add("data");
    if (["detail", "told", "json"].includes(column.kind)) holder.classList.add("lines");
    element.append(holder);
    return element;
  }

  function actsOf(row) {
    const element = document.createElement("td");
    const id = row[told.id];
    const part = acts.content.cloneNode(true);
    for (const form of part.querySelectorAll("form")) {
      const when = Object.entries(JSON.parse(form.dataset.when ?? "{}"));
      if (!when.every(([key, value]) => (row[key] ?? null) === value)) { form.remove(); continue; }
      form.dataset.act = form.dataset.act.replace("{id}", encodeURIComponent(id));
      if (form.dataset.filled !== undefined) fill(form, row);
      for (const label of form.querySelectorAll("label[for]")) {
        const control = form.querySelector(`#${CSS.escape(label.htmlFor)}`);
        control.id = label.htmlFor = `${label.htmlFor}-${count}`;
      }
    }
    if (part.querySelector("form")) element.append(part);
    return element;
  }

  function draw(row) {
    count += 1;
    const line = document.createElement("tr");
    line.dataset.id = row[told.id];
    const takesBack = told.undone_by ? row[told.undone_by] : null;
    if (takesBack) undone.add(takesBack);
    line.append(...told.columns.map((column, no) => cell(row, column, no === 0)));
    if (takesBack) line.firstChild.append(" ", Object.assign(document.createElement("span"), { className: "tag tag-amber", textContent: t("撤回", "taken back") }));
    const over = takesBack || undone.has(row[told.id]);
    if (undone.has(row[told.id])) line.className = "undone";
    if (acts) line.append(over ? document.createElement("td") : actsOf(row));
    body.append(line);
  }

  /** Draw the next rows, or all from the first; returns whether it did. */
  async function load(anew) {
    const mine = turn += 1;
    if (anew) next = null;
    let drawn = false;
    const way = next ? `${told.list}${told.list.includes("?") ? "&" : "?"}after=${encodeURIComponent(next)}` : told.list;
    try {
      const answer = await api("GET", way);
      if (mine !== turn) return false;
      if (anew) { body.replaceChildren(); undone.clear(); }
      const rows = at(answer, told.items) ?? [];
      rows.forEach(draw);
      next = answer.next ?? null;
      more.hidden = !next;
      none.hidden = body.children.length > 0;
      drawn = true;
    } catch (fault) {
      none.hidden = false;
      none.textContent = sentencesOf(fault).join(" ");
    }
    section.dataset.loaded = "yes";
    return drawn;
  }

  more.addEventListener("click", () => load(false));
  /** Draw the list anew as far as it was shown, and go back to the row that was acted on. */
  async function again(id) {
    const shown = body.children.length;
    let drawn = await load(true);
    while (drawn && next && body.children.length < shown) drawn = await load(false);
    if (id) body.querySelector(`[data-id="${CSS.escape(id)}"]`)?.querySelector("summary, a")?.focus();
  }

  section.addEventListener("acted", (event) => {
    const id = event.target.closest("tr")?.dataset.id;
    const fold = event.target.closest("details.fold");
    if (fold) { event.target.reset(); fold.open = false; fold.querySelector("summary").focus(); }
    again(id);
  });
  load(true);
}

/** Give each form that names a thing of its own making another id to send. */
function renew() {
  for (const form of document.querySelectorAll("form[data-act*='/webhooks/']:not(tr form)")) {
    form.dataset.act = form.dataset.act.replace(/\{new\}|[0-9a-f-]{36}$/, crypto.randomUUID());
  }
}

/** Show what is told once and never again: a password, the page of a device. */
function show(answer) {
  const box = document.querySelector("#answer");
  const parts = [];
  if (answer?.temporary_password) {
    parts.push(Object.assign(document.createElement("p"), { textContent: t("临时密码，只显示这一次，请当面告知；首次登录须修改：", "The temporary password is shown this once; hand it over in person, it is changed at the first sign-in:") }));
    parts.push(Object.assign(document.createElement("code"), { className: "value", textContent: answer.temporary_password }));
  }
  if (answer?.link) {
    const href = new URL(answer.link, location).pathname;
    parts.push(Object.assign(document.createElement("p"), { textContent: t("让使用人用手机扫描，按登记页设置。二维码就是设备的钥匙，只给使用人看：", "Let the person scan it with the phone and follow its page. The code is the device’s key: show it to them alone.") }));
    parts.push(Object.assign(document.createElement("img"), { className: "code-picture", src: `${href}/code.svg`, alt: t("登记页的二维码", "QR code of its page") }));
    parts.push(Object.assign(document.createElement("a"), { className: "button-quiet", href, target: "_blank", rel: "noopener", textContent: t("打开登记页", "Open its page") }));
  }
  box.hidden = parts.length === 0;
  box.replaceChildren(...parts);
  if (parts.length) box.scrollIntoView({ block: "center" });
}

document.addEventListener("acted", (event) => {
  show(event.detail);
  renew();
  if (event.detail?.ended !== undefined) tell(t(`退出了 ${event.detail.ended} 处登录`, `${event.detail.ended} sessions ended`));
  if (!event.target.closest("[data-register]")) for (const section of document.querySelectorAll("[data-register]")) section.dispatchEvent(new CustomEvent("acted"));
});
renew();
for (const section of document.querySelectorAll("[data-register]")) register(section);
