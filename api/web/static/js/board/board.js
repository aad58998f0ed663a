// The dispatcher's screen: keys, dragging a job onto a vehicle's line, the line of now, and what is live.
import { tell } from "../act.js";
import { typed } from "../clock.js";
import { t } from "../language.js";
import { live } from "../live.js";
import { ended } from "../page.js";
import "./slots.js";
import { showState } from "./live_state.js";
import { boardMap } from "./map.js";

const STEP_MS = 5 * 60_000;
const jobs = () => document.querySelector("#jobs");
const day = () => document.querySelector("#day");
const dialog = document.querySelector("#job");
const keys = document.querySelector("#keys");
const refresh = (...parts) => parts.forEach((part) => window.htmx.trigger(part(), "refresh"));

const map = boardMap(document.querySelector("#map"));

let opening = 0;
/** Show a job with its free slots over the screen: never another's, whatever became of the question. */
async function open(way) {
  const mine = opening += 1;
  const part = document.querySelector("#job-part");
  part.replaceChildren();
  const answer = await fetch(way, { headers: { "HX-Request": "true" }, credentials: "same-origin" }).catch(() => null);
  const told = answer?.ok ? await answer.text().catch(() => null) : null;
  if (mine !== opening) return;
  if (answer?.status === 401) {
    ended(null);
    return;
  }
  if (told === null) {
    tell(t("没有取到这个任务，请重试。", "This job could not be fetched: try again."));
    return;
  }
  window.htmx.swap(part, told, { swapStyle: "innerHTML" });
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[data-slot], a")?.focus();
}

document.addEventListener("click", (event) => {
  const way = event.target.closest("a[data-open]");
  if (way && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    open(way.href);
  }
  if (event.target.closest("[data-help]")) keys.showModal();
  if (event.target === dialog || event.target === keys) event.target.close();
});

/** Move the focus in the list of jobs. */
function step(by) {
  const ways = [...jobs().querySelectorAll("a[data-open]")];
  const now = ways.indexOf(document.activeElement);
  ways[Math.min(Math.max(now + by, 0), ways.length - 1)]?.focus();
}

const KEYS = {
  n: () => location.assign("/board/ask"),
  i: () => location.assign("/board/inbox"),
  m: () => document.querySelector("#map").focus(),
  t: () => day().querySelector("[data-today]").click(),
  "[": () => day().querySelector("[data-earlier]").click(),
  "]": () => day().querySelector("[data-later]").click(),
  "?": () => keys.showModal(),
  j: () => step(1), k: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1),
};

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || dialog.open || keys.open) return;
  if (event.target.closest("input, textarea, select, .leaflet-container")) return;
  const act = KEYS[event.key];
  if (!act) return;
  if (event.key.startsWith("Arrow") && document.activeElement !== document.body && !jobs().contains(document.activeElement)) return;
  event.preventDefault();
  act();
});

/** Return the instant under a pointer on a vehicle's line, on a whole step. */
function instantAt(line, clientX) {
  const { left, width } = line.getBoundingClientRect();
  const from = Date.parse(day().dataset.from), until = Date.parse(day().dataset.until);
  const at = from + Math.min(Math.max((clientX - left) / width, 0), 1) * (until - from);
  return Math.round(at / STEP_MS) * STEP_MS;
}

let dragging = false;
document.addEventListener("dragstart", (event) => {
  const job = event.target.closest?.("[data-job]");
  if (!job) return;
  event.dataTransfer.setData("text/x-job", JSON.stringify({ id: job.dataset.job, minutes: Number(job.dataset.minutes) }));
  event.dataTransfer.effectAllowed = "link";
  dragging = true;
});
document.addEventListener("dragend", () => { dragging = false; });
document.addEventListener("dragover", (event) => {
  const lane = event.target.closest?.("[data-vehicle]");
  for (const other of document.querySelectorAll(".lane-over")) if (other !== lane) other.classList.remove("lane-over");
  if (!lane || !event.dataTransfer.types.includes("text/x-job")) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "link";
  lane.classList.add("lane-over");
});
document.addEventListener("drop", (event) => {
  const lane = event.target.closest?.("[data-vehicle]");
  const told = event.dataTransfer.getData("text/x-job");
  if (!lane || !told) return;
  event.preventDefault();
  const { id, minutes } = JSON.parse(told);
  const from = instantAt(lane.querySelector(".line"), event.clientX);
  const asked = new URLSearchParams({ job: id, vehicle: lane.dataset.vehicle, from: typed(from), until: typed(from + (minutes + 60) * 60_000) });
  location.assign(`/board/ask?${asked}`);
});

setInterval(() => {
  const section = day();
  const from = Date.parse(section.dataset.from), until = Date.parse(section.dataset.until);
  const at = (Date.now() - from) / (until - from) * 100;
  for (const line of section.querySelectorAll(".now")) {
    line.toggleAttribute("hidden", at < 0 || at > 100);
    line.setAttribute("x1", `${at}%`);
    line.setAttribute("x2", `${at}%`);
  }
  if (typed(Date.now()).slice(0, 10) !== shownOn) {
    shownOn = typed(Date.now()).slice(0, 10);
    anew();
  }
}, 30_000);
let shownOn = typed(Date.now()).slice(0, 10);

let waiting = null;
/** Ask for the list and the line anew in a moment; never from under a job that is being dragged. */
function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(() => (dragging ? soon() : refresh(jobs, day)), 400);
}
function anew() {
  soon();
  map.load();
}

// A list that is drawn anew keeps the focus on its job, and as many jobs as were shown.
let focused = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target === jobs()) focused = document.activeElement?.closest("[data-job]")?.dataset.job ?? null;
});
document.addEventListener("htmx:afterSettle", () => {
  if (focused && !dialog.open) document.querySelector(`[data-job="${focused}"] a`)?.focus();
  focused = null;
});
document.addEventListener("htmx:configRequest", (event) => {
  const shown = jobs().querySelectorAll("[data-job]").length;
  if (event.detail.elt === jobs() && shown > 40) event.detail.parameters.set("shown", String(shown));
});
live({
  fix: map.fix, upkeep: soon, reload: anew, state: showState,
  trip: () => { soon(); map.soon(); },
  job: () => { soon(); map.soon(); },
});
