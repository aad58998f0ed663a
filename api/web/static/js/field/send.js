// Sending what waits: in the order of the chain, one tab at a time, again after a pause where no answer came.

import { actsOf, endChain } from "./chain.js";
import { judged, pause, WAITING } from "./outbox.js";
import { sendFixes } from "./fixes.js";
import { filesToSend, getFile } from "./sealed.js";
import { again, ask, Unreachable } from "./server.js";
import { tabs } from "./session.js";
import { writing } from "./store.js";

const KEPT_DAYS = 7;

/** Sends for one person until stopped; `changed` is called whenever something moved on, `shutOut` at a 401. */
export class Sender {
  #timer = null;
  #tries = 0;
  #stopped = false;
  #running = false;
  #more = false;

  constructor(who, { changed, shutOut }) {
    this.who = who;
    this.changed = changed;
    this.shutOut = shutOut;
    this.woken = () => {
      if (document.visibilityState === "visible") this.now();
    };
    addEventListener("online", this.woken);
    document.addEventListener("visibilitychange", this.woken);
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    removeEventListener("online", this.woken);
    document.removeEventListener("visibilitychange", this.woken);
  }

  /** Send what waits now; returns when this round is over. Another tab that sends already does it for this one. */
  now() {
    clearTimeout(this.#timer);
    if (this.#running) {
      this.#more = true; // what was kept meanwhile goes with the next round, at once
      return Promise.resolve();
    }
    return navigator.locks.request(`zhuanche send ${this.who.owner}`, { ifAvailable: true }, async (lock) => {
      if (this.#stopped) return;
      if (!lock) return this.#later(); // another tab sends: look again, it may be closed meanwhile
      this.#running = true;
      try {
        let left;
        do {
          this.#more = false;
          left = await this.#round();
        } while (this.#more && !left);
        this.#tries = left ? this.#tries + 1 : 0;
        if (left) this.#later();
      } catch (fault) {
        if (!(fault instanceof Unreachable)) throw fault;
        this.#tries += 1;
        this.#later();
      } finally {
        this.#running = false;
      }
    });
  }

  #later() {
    if (!this.#stopped) this.#timer = setTimeout(() => this.now(), pause(this.#tries, Math.random()) * 1000);
  }

  /** Send acts, then files, then positions; returns whether something must be tried again. */
  async #round() {
    let left = false;
    for (const act of (await actsOf(this.who)).acts) {
      if (!WAITING.has(act.state)) continue;
      const done = await this.#act(act);
      if (!done) return true; // what comes after it stands behind it in the chain
      left ||= done === "parked";
    }
    for (const file of await filesToSend(this.who)) {
      if (!(await this.#file(file))) return true;
    }
    await this.#tidy();
    return (await sendFixes(this.who)) ? left : true;
  }

  async #act(act) {
    if (act.state === "kept") await this.#mark(act.id, { state: "sent" });
    let answer;
    try {
      answer = await ask("POST", "/v1/signed-acts", {
        body: act.jws,
        type: "application/jose",
        headers: { "Zhuanche-Sent-At": new Date().toISOString() },
      });
    } catch (fault) {
      await this.#mark(act.id, { state: act.state === "parked" ? "parked" : "kept", tries: act.tries + 1 });
      throw fault;
    }
    if (again(answer.status)) {
      await this.#mark(act.id, { state: act.state === "parked" ? "parked" : "kept", tries: act.tries + 1 });
      if (answer.status === 401) this.shutOut();
      return false;
    }
    const fields = judged(answer.status, answer.body);
    await this.#mark(act.id, { ...fields, answered_at: Date.now() }, fields.receipt);
    if (fields.why === "chain-ended") await endChain(act.owner, act.key_id);
    return fields.state;
  }

  /** Write down how an act stands, and the receipt that the next act names. */
  async #mark(id, fields, receipt = null) {
    await writing(["acts", "keys"], async (tx) => {
      const act = await tx.objectStore("acts").get(id);
      if (!act) return;
      await tx.objectStore("acts").put({ ...act, ...fields });
      if (!receipt) return;
      const key = await tx.objectStore("keys").get(act.owner);
      if (key) await tx.objectStore("keys").put({ ...key, srv: { entry: receipt.entry, leaf: receipt.leaf } });
    });
    this.#moved();
  }

  async #file(file) {
    const blob = await getFile(this.who, file.sha256);
    const answer = await ask("PUT", `/v1/attachments/${file.sha256}`, {
      body: blob,
      type: blob.type || "application/octet-stream",
      seconds: 120,
    });
    if (again(answer.status)) {
      if (answer.status === 401) this.shutOut();
      return false;
    }
    const sent = answer.status === 200 || answer.status === 201;
    await writing(["files"], async (tx) => {
      const now = await tx.objectStore("files").get([file.owner, file.sha256]);
      if (sent) await tx.objectStore("files").delete([file.owner, file.sha256]);
      else await tx.objectStore("files").put({ ...now, state: "refused", why: answer.body?.detail ?? String(answer.status) });
    });
    this.#moved();
    return true;
  }

  /** Forget what the server confirmed a week ago. */
  async #tidy() {
    const before = Date.now() - KEPT_DAYS * 86_400_000;
    await writing(["acts"], async (tx) => {
      let at = await tx.objectStore("acts").openCursor();
      while (at) {
        const { owner, state, answered_at: answered } = at.value;
        if (owner === this.who.owner && state === "confirmed" && answered < before) await at.delete();
        at = await at.continue();
      }
    });
  }

  #moved() {
    tabs.postMessage("acts");
    this.changed();
  }
}
