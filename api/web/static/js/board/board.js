// The dispatcher's screen: keys, dragging a job onto a vehicle's line, the line of now, and what is live.
import { typed } from "../clock.js";
import { live } from "../live.js";
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

/** Show a job with its free slots over the screen. */
async function open(way) {
  await window.htmx.ajax("GET", way, { target: "#job-part", swap: "innerHTML" });
  dialog.showModal();
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
  if (event.ctrlKey || event.metaKey || event.altKey || dialog.open || keys.open) return;
  if (event.target.closest("input, textarea, select, .leaflet-container")) return;
  const act = KEYS[event.key];
  if (!act) return;
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

document.addEventListener("dragstart", (event) => {
  const job = event.target.closest?.("[data-job]");
  if (!job) return;
  event.dataTransfer.setData("text/x-job", JSON.stringify({ id: job.dataset.job, minutes: Number(job.dataset.minutes) }));
  event.dataTransfer.effectAllowed = "link";
});
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
    line.setAttribute("x1", `${at}%`);
    line.setAttribute("x2", `${at}%`);
  }
}, 30_000);

let waiting = null;
function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(() => refresh(jobs, day), 400);
}
function anew() {
  refresh(jobs, day);
  map.load();
}
live({
  fix: map.fix, trip: soon, upkeep: soon, reload: anew, state: showState,
  job: () => { soon(); map.soon(); },
});
