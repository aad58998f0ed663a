// The officer's app: who is signed in, what is shown, and what moves in the background.

import { t } from "../language.js";
import { sendAgain } from "./again.js";
import { actsOf, keep, keyOf, sawReceipt } from "./chain.js";
import { asItStands, freshDay, rememberedDay } from "./day.js";
import { el } from "./element.js";
import { lostHere, note, persisted, tellLoss } from "./eviction.js";
import { WAITING } from "./outbox.js";
import { Following } from "./position.js";
import { takeToken } from "./enrolment.js";
import { screens } from "./screens/all.js";
import { Sender } from "./send.js";
import { dropLeft, filesRefused, filesToSend, get } from "./sealed.js";
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
  refusedFiles = []; // those that the server would not take
  online = navigator.onLine;
  shut = 0; // acts that the server's key does not open
  device = null;
  lost = null; // what the browser threw away of this phone's storage
  newer = null; // a newer build that waits to be used
  unsaved = false; // what is being typed could not be written
  #sender = null;
  #following = null;
  #outdated = false; // another build has taken over, and this page is of the former one
  #typed = false; // something on this screen was filled in or drawn
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
    addEventListener("draft", ({ detail: { saved } }) => this.#saved(saved));
    tabs.addEventListener("message", ({ data }) => this.#fromOtherTab(data));
    takeToken();
    this.who = await remembered();
    if (this.who) await this.#open();
    await this.show();
    document.documentElement.dataset.ready = "yes";
    updates((newer) => {
      this.newer = newer;
      this.drawState();
    }, () => this.#changedBuild());
    for (const name of ["input", "pointerdown"]) this.main.addEventListener(name, (event) => this.#filled(event));
    await this.connect();
    setInterval(() => {
      if (document.visibilityState === "visible") this.connect();
    }, REFRESH_MS);
  }

  /** Ask the server who is signed in, for the day, and send what waits. */
  async connect() {
    try {
      await this.#asked();
      this.#heard(true);
      if (this.who) {
        await this.refresh();
        await this.#tellLoss();
        await this.#sender?.now();
      }
    } catch (fault) {
      if (!(fault instanceof Unreachable)) throw fault;
      this.#heard(false);
    }
  }

  async #tellLoss() {
    const told = await tellLoss(this.lost);
    if (told === this.lost) return;
    this.lost = told;
    if (!this.key) await this.show();
  }

  /** Ask the server who is signed in. Throws `Unreachable`. */
  async #asked() {
    const who = await signedIn();
    this.refused = who?.refused ?? null;
    if ((who?.owner ?? null) !== (this.who?.owner ?? null) || this.refused) await this.#changePerson(this.refused ? null : who);
  }

  /** The server took who asked for somebody else: in another tab another person is signed in by now. */
  async #another() {
    try {
      await this.#asked();
    } catch (fault) {
      if (!(fault instanceof Unreachable)) throw fault;
    }
  }

  /** What came on record changes the day: a photo may be asked for of this very departure. */
  async #recorded() {
    try {
      await this.refresh();
    } catch (fault) {
      if (!(fault instanceof Unreachable)) throw fault;
    }
  }

  /** Fetch the day anew. Throws `Unreachable`. */
  async refresh(seconds = 20) {
    const asking = this.who;
    const fresh = await freshDay(asking, seconds);
    this.#heard(true);
    if (fresh.another) setTimeout(() => this.#another()); // once what is being done is done
    if (fresh.another || this.who !== asking) return; // what came is another person's
    if (fresh.receipt) await sawReceipt(this.who.owner, fresh.receipt);
    if (fresh.day) {
      this.day = fresh.day;
      const lost = await lostHere(this.day.keys);
      const heard = lost?.lost !== this.lost?.lost;
      this.lost = lost;
      if (heard && !this.key) await this.show();
      tabs.postMessage("day");
      await this.changed();
    }
    if (this.day && (await sendAgain(asking, this.day))) await this.changed();
  }

  async #open() {
    this.day = await rememberedDay(this.who);
    this.#sender = new Sender(this.who, { changed: () => this.changed(), shutOut: () => this.#changePerson(shut()), another: () => this.#another(), recorded: () => this.#recorded() });
    this.#following = new Following(this.who, () => this.drawState());
    await this.#read();
    this.lost = await lostHere(this.day?.keys ?? []);
    note(this.key);
    persisted();
    dropLeft(this.who).catch(() => {}); // the next start tidies
  }

  async #changePerson(who) {
    this.#sender?.stop();
    this.#following?.stop();
    Object.assign(this, { day: null, acts: [], trips: [], key: null, files: 0, refusedFiles: [], lost: null });
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
    this.refusedFiles = await filesRefused(this.who);
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

  /**
   * Sign an act of `who` and keep it, then try to send it; returns it as it stands once the server has answered, or in a few
   * seconds.
   */
  async keep({ who, ...act }, patience = 6) {
    const kept = await keep(who, act);
    await this.changed();
    tabs.postMessage("acts");
    this.#sender?.now();
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
    const [name, ...args] = addressed(location.hash);
    const screen = this.who ? screens[name] : screens.signIn;
    const address = `${this.who?.owner ?? ""} ${location.hash}`;
    if (this.#outdated && address !== this.#drawn) {
      await this.#leave();
      return location.reload(); // no page mixes two builds
    }
    this.#turn += 1;
    const turn = this.#turn;
    const drawn = await screen(this, ...args);
    if (!drawn || turn !== this.#turn) return; // it leads elsewhere, or a later one is on its way
    await this.#leave();
    this.screen = drawn;
    document.title = `${drawn.title} · ${t("专车", "Zhuanche")}`;
    const focused = document.activeElement?.dataset?.key;
    this.main.replaceChildren(...drawn.nodes.flat(Infinity).filter(Boolean));
    drawn.begin?.();
    if (address !== this.#drawn) {
      this.#typed = false;
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
    this.banner.replaceChildren(...(this.unsaved ? [unsavedBanner()] : []), ...(this.newer || this.#outdated ? [this.#updateBanner()] : []));
  }

  #saved(saved) {
    if (this.unsaved === !saved) return;
    this.unsaved = !saved;
    this.drawState();
  }

  /** Leave the screen that is shown; tells whether what is being typed could be written. */
  async #leave() {
    try {
      await this.screen?.leave?.();
      return true;
    } catch {
      this.#saved(false);
      return false;
    }
  }

  #updateBanner() {
    return el(
      "div",
      { class: "alert alert-mild row" },
      el("span", { class: "grow" }, this.#outdated
        ? t("新版本已启用：完成本页后自动换用。", "A new version is in use: this page changes to it once you are done here.")
        : t("有新版本，手机上的内容都会保留。", "A new version is ready; nothing on the phone is lost.")),
      el("button", { class: "button", type: "button", onclick: () => this.update() }, t("更新", "Update")),
    );
  }

  #filled({ type, target }) {
    this.#typed ||= type === "input" || target.tagName === "CANVAS";
  }

  /** Whether something was filled in or signed on this screen that nothing keeps. */
  get #unkept() {
    return this.#typed && !this.screen?.leave;
  }

  /** Another build took over: it is loaded at once, or with the next screen where this one would lose what was filled in. */
  async #changedBuild() {
    this.#outdated = true;
    if (this.#unkept || !(await this.#leave())) this.drawState();
    else location.reload();
  }

  /** Use the newer build: what is being typed is written first. */
  async update() {
    const sure = t("更新会清空本页已填或已签的内容。现在更新？", "Updating clears what is filled in or signed on this page. Update now?");
    if (this.#unkept && !confirm(sure)) return;
    this.#typed = false;
    if (this.#outdated) await this.#changedBuild();
    else if (await this.#leave()) this.newer?.();
  }
}

const unsavedBanner = () =>
  el("p", { class: "alert", role: "alert" }, t("手机存储已满或出错：正在填写的内容没有存下。请清理空间后再改动一次。", "The phone’s storage is full or failed: what you are typing is not kept. Free some space, then change it once more."));

/** The screen and what follows it in the address behind `#`; today's, where it names no screen. */
function addressed(hash) {
  try {
    const parts = hash.slice(1).split("/").map(decodeURIComponent);
    return Object.hasOwn(screens, parts[0]) ? parts : ["today"];
  } catch {
    return ["today"]; // not an address of ours
  }
}

new App().start();
