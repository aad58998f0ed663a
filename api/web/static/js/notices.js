// Be told on this device: asks the browser for leave and an address, and gives the address to the API.
// An element with data-told gets a button for it; docs/notices.md has what is told to whom.
import { Problem, api } from "./api.js";
import { t } from "./language.js";
import { SCOPE, unsubscribe } from "./told_here.js";

const WORKER = "/notices/worker.js";

/** How it stands here: "unsupported" (no browser for it, or no secure context), "denied", "off" or "on". */
async function toldHere() {
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  const registration = await navigator.serviceWorker.getRegistration(SCOPE);
  const subscription = await registration?.pushManager.getSubscription();
  if (!subscription) return "off";
  // A shared browser may tell another person's notices: then it is off for this one.
  return (await isOwn(localStorage.getItem("told"))) ? "on" : "off";
}

const isOwn = async (known) => (await api("GET", "/v1/push-subscriptions")).some((one) => one.subscription_id === known);

/** Somebody signs out: what this browser tells them would be told to whoever sits here next. */
export async function leave() {
  const known = localStorage.getItem("told");
  if (known && (await isOwn(known))) await beToldNoMore();
}

/** Somebody signed in: notices of another person's are told here no more, nor any while it cannot be asked whose they are. */
export async function arrive() {
  const known = localStorage.getItem("told");
  if (!known) return;
  const own = await isOwn(known).catch((fault) => {
    if (fault instanceof Problem && fault.status === 403) return false; // the pass word must be changed first
    throw fault;
  });
  if (!own) await unsubscribe();
}

/** Have notices on this device. Throws what the browser or the API says against it. */
async function beTold() {
  if ((await Notification.requestPermission()) !== "granted") throw new Error(t("浏览器未允许通知", "the browser does not allow notices"));
  const registration = await navigator.serviceWorker.register(WORKER, { scope: SCOPE, updateViaCache: "none" });
  await active(registration);
  const { key } = await api("GET", "/v1/push-subscriptions/key");
  const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { subscription_id } = await api("PUT", "/v1/push-subscriptions", subscription.toJSON());
  localStorage.setItem("told", subscription_id);
}

/** Have them no more. */
async function beToldNoMore() {
  const known = await unsubscribe();
  if (!known) return;
  try {
    await api("DELETE", `/v1/push-subscriptions/${known}`);
  } catch (fault) {
    if (!(fault instanceof Problem && fault.status === 404)) throw fault; // gone already, or another person's by now
  }
}

function active(registration) {
  const worker = registration.installing ?? registration.waiting;
  if (!worker) return Promise.resolve();
  return new Promise((done) => worker.addEventListener("statechange", () => worker.state === "activated" && done()));
}

const SAID = {
  unsupported: () => t("此浏览器不能接收通知（须经 HTTPS 打开）", "This browser cannot be told (it needs HTTPS)"),
  denied: () => t("浏览器已禁止本站通知，请在浏览器设置中允许", "The browser forbids notices of this site: allow them in its settings"),
  off: () => t("在此设备接收通知", "Be told on this device"),
  on: () => t("此设备不再接收通知", "Be told on this device no more"),
};

async function show(place, button, told) {
  const state = await toldHere().catch(() => "off");
  button.textContent = SAID[state]();
  button.disabled = state === "unsupported" || state === "denied";
  button.dataset.state = state;
  if (!button.isConnected) place.append(button, told);
}

for (const place of document.querySelectorAll("[data-told]")) {
  const button = document.createElement("button");
  const told = document.createElement("p");
  button.type = "button";
  button.className = "button-quiet";
  told.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    button.disabled = true;
    told.textContent = "";
    try {
      await (button.dataset.state === "on" ? beToldNoMore() : beTold());
    } catch (fault) {
      told.textContent = `${t("未能更改：", "Not changed: ")}${fault.message}`;
    }
    await show(place, button, told);
  });
  show(place, button, told);
}
