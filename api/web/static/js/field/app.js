// The officer's app: who is signed in, what is shown, and what moves in the background.

import { t } from "../language.js";
import { actsOf, keep, keyOf, sawReceipt } from "./chain.js";
import { asItStands, freshDay, rememberedDay } from "./day.js";
import { el } from "./element.js";
import { lostHere, note, persisted } from "./eviction.js";
import { WAITING } from "./outbox.js";
import { Following } from "./position.js";
import { takeToken } from "./enrolment.js";
import { screens } from "./screens/all.js";
import { Sender } from "./send.js";
import { filesToSend, get } from "./sealed.js";
import { heardWithin, Unreachable } from "./server.js";
import { noteOut, remembered, shut, signedIn, tabs } from "./session.js";
import { updates } from "./update.js";

const REFRESH_MS = 60_000;
const PROBE_S = 4;

class App {
  who = null;
  refused = null;
  day = null;
  acts = [];
  trips = [];
  key = null;
  files = 0;
  online = navigator.onLine;
  shut = 0; // acts that the server's key does not open
  device = null;
  lost = null; // what the browser threw away of this phone's storage
  newer = null; // a newer build that waits to be used
  #sender = null;
  #following = null;
  #drawn = "";
  #turn = 0;

  main = document.querySelector("main");
  state = document.querySelector("#state");
  banner = document.querySelector("#banner");

  async start() {
    document.querySelector(".brand").textContent = t("专车 · 外勤", "Zhuanche");
    document.querySelector("#to-settings").textContent = t("设置", "Settings");
    document.querySelector(".skip").textContent = t("跳到正文", "Skip to content");
    addEventListener("hashchange", () => this.show());
    addEventListener("online", () => this.connect());
    addEventListener("offline", () => this.#heard(false));
    tabs.addEventListener("message", ({ data }) => this.#fromOtherTab(data));
    takeToken();
    this.who = await remembered();
    if (this.who) await this.#open();
    await this.show();
    document.documentElement.dataset.ready = "yes";
    updates((newer) => {
      this.newer = newer;
      this.drawState();
    });
    await this.connect();
    setInterval(() => {
      if (document.visibilityState === "visible") this.connect();
    }, REFRESH_MS);
  }

  /** Ask the server who is signed in, for the day, and send what waits. */
  async connect() {
    try {
      const who = await signedIn();
      this.refused = who?.refused ?? null;
      if ((who?.owner ?? null) !== (this.who?.owner ?? null) || this.refused) await this.#changePerson(this.refused ? null : who);
      this.#heard(true);
      if (this.who) {
        await this.refresh();
        await this.#sender.now();
      }
    } catch (fault) {
      if (!(fault instanceof Unreachable)) throw fault;
      this.#heard(false);
    }
  }

  /** Fetch the day anew. Throws `Unreachable`. */
  async refresh(seconds = 20) {
    const fresh = await freshDay(this.who, seconds);
    this.#heard(true);
    if (fresh.receipt) await sawReceipt(this.who.owner, fresh.receipt);
    if (fresh.day) {
      this.day = fresh.day;
      const lost = await lostHere(this.day.keys);
      const heard = lost?.known !== this.lost?.known;
      this.lost = lost;
      if (heard && !this.key) await this.show();
      tabs.postMessage("day");
      await this.changed();
    }
  }

  async #open() {
    this.day = await rememberedDay(this.who);
    this.#sender = new Sender(this.who, { changed: () => this.changed(), shutOut: () => this.#changePerson(shut()) });
    this.#following = new Following(this.who, () => this.drawState());
    await this.#read();
    this.lost = await lostHere(this.day?.keys ?? []);
    note(this.key);
    persisted();
  }

  async #changePerson(who) {
    this.#sender?.stop();
    this.#following?.stop();
    Object.assign(this, { day: null, acts: [], trips: [], key: null, files: 0, lost: null });
    this.who = await who;
    if (this.who) await this.#open();
    else if (location.hash) history.replaceState(null, "", location.pathname);
    await this.show();
  }

  async #fromOtherTab(what) {
    if (what === "session") {
      const who = await remembered();
      if (who?.owner !== this.who?.owner) await this.#changePerson(who);
    } else if (this.who) {
      if (what === "day") this.day = await rememberedDay(this.who);
      await this.changed();
    }
  }

  async #read() {
    const { acts, shut } = await actsOf(this.who);
    Object.assign(this, { acts, shut, device: await get(this.who, "device") });
    this.files = (await filesToSend(this.who)).length;
    this.key = (await keyOf(this.who.owner)) ?? null;
    this.trips = asItStands(this.day?.trips ?? [], this.acts);
    const out = this.trips.some((trip) => trip.state === "departed");
    await noteOut(this.who, out);
    if (out && this.device?.token && (await this.#located())) this.#following.start();
    else this.#following.stop();
  }

  /** The phone is asked for its place only by a person's own act; once it may, it is followed on a trip. */
  async #located() {
    const asked = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
    return asked?.state === "granted";
  }

  /** Something changed: read it anew, and draw what shows it. */
  async changed() {
    if (!this.who) return;
    await this.#read();
    this.drawState();
    if (this.screen?.live) await this.show();
  }

  get waiting() {
    return this.acts.filter((act) => WAITING.has(act.state)).length;
  }

  get positions() {
    return this.#following?.state ?? "off";
  }

  trip(id) {
    return this.trips.find((one) => one.trip_id === id) ?? null;
  }

  #heard(online) {
    if (this.online === online) return;
    this.online = online;
    this.drawState();
  }

  /** How an act is reported: now, where the server answers; with its time, where it will hear of it later. */
  async reported() {
    const at = new Date().toISOString();
    const offline = { source: "offline", stated_at: at };
    if (this.waiting) return offline;
    if (heardWithin(PROBE_S)) return { source: "online" };
    try {
      await this.refresh(PROBE_S);
      return { source: "online" };
    } catch (fault) {
      if (!(fault instanceof Unreachable)) throw fault;
      this.#heard(false);
      return offline;
    }
  }

  /** Sign an act and keep it, then try to send it; returns it as it stands once the server has answered, or in a few seconds. */
  async keep(act, patience = 6) {
    const kept = await keep(this.who, act);
    note(await keyOf(this.who.owner));
    await this.changed();
    tabs.postMessage("acts");
    this.#sender.now();
    const until = performance.now() + patience * 1000;
    const now = () => this.acts.find((one) => one.id === kept.id);
    while (this.online && performance.now() < until && WAITING.has(now()?.state)) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return now();
  }

  /** Send what waits now. */
  send() {
    return this.#sender?.now();
  }

  go(hash) {
    if (location.hash === `#${hash}`) this.show();
    else location.hash = hash;
  }

  /** Draw the screen of the address. */
  async show() {
    const [name, ...args] = location.hash.slice(1).split("/").map(decodeURIComponent);
    const screen = this.who ? (screens[name] ?? screens.today) : screens.signIn;
    const address = `${this.who?.owner ?? ""} ${location.hash}`;
    this.#turn += 1;
    const turn = this.#turn;
    const drawn = await screen(this, ...args);
    if (!drawn || turn !== this.#turn) return; // it leads elsewhere, or a later one is on its way
    await this.screen?.leave?.();
    this.screen = drawn;
    document.title = `${drawn.title} · ${t("专车", "Zhuanche")}`;
    const focused = document.activeElement?.dataset?.key;
    this.main.replaceChildren(...drawn.nodes.flat(Infinity).filter(Boolean));
    drawn.begin?.();
    if (address !== this.#drawn) {
      scrollTo(0, 0);
      if (this.#drawn) this.main.querySelector("h1")?.focus();
    } else if (focused) this.main.querySelector(`[data-key="${focused}"]`)?.focus();
    this.#drawn = address;
    this.drawState();
  }

  /** The line at the top: with or without a network, and what waits. */
  drawState() {
    const waiting = this.waiting + this.files;
    const connected = this.online ? t("已连接", "Online") : t("离线", "Offline");
    this.state.replaceChildren(
      el("span", { class: `tag ${this.online ? "tag-green" : "tag-amber"}` }, connected),
      ...(this.who && waiting ? [el("a", { class: "button-quiet", href: "#waits" }, t(`待发送 ${waiting}`, `${waiting} to send`))] : []),
    );
    document.querySelector("#to-settings").hidden = !this.who;
    this.banner.replaceChildren(...(this.newer ? [this.#updateBanner()] : []));
  }

  #updateBanner() {
    return el(
      "div",
      { class: "alert alert-mild row" },
      el("span", { class: "grow" }, t("有新版本，手机上的内容都会保留。", "A new version is ready; nothing on the phone is lost.")),
      el("button", { class: "button", type: "button", onclick: () => this.update() }, t("更新", "Update")),
    );
  }

  /** Use the newer build: what is being typed is written first. */
  async update() {
    await this.screen?.leave?.();
    this.newer?.();
  }
}

new App().start();
