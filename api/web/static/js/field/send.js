// Sending what waits: in the order of the chain, one tab at a time, again after a pause where no answer came.

import { actsOf, endChain } from "./chain.js";
import { noteEnded } from "./eviction.js";
import { isAnothers, isOld, judged, pause, WAITING } from "./outbox.js";
import { sendFixes } from "./fixes.js";
import { filesToSend, getFile } from "./sealed.js";
import { again, ask, Unreachable } from "./server.js";
import { tabs } from "./session.js";
import { ofOwner, writing } from "./store.js";

/**
 * Sends for one person until stopped; `changed` is called whenever something moved on, `shutOut` at a 401, `another` where the server
 * takes who asks for somebody else, `recorded` after a round in which something came on record.
 */
export class Sender {
  #timer = null;
  #tries = 0;
  #stopped = false;
  #running = false;
  #more = false;

  constructor(who, { changed, shutOut, another, recorded }) {
    this.who = who;
    this.changed = changed;
    this.shutOut = shutOut;
    this.another = another;
    this.recorded = recorded;
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
    let news = false;
    for (const act of (await actsOf(this.who)).acts) {
      if (!WAITING.has(act.state)) continue;
      if (this.#stopped) return false; // somebody else is signed in by now
      const done = await this.#act(act);
      if (!done) return true; // what comes after it stands behind it in the chain
      left ||= done === "parked";
      news ||= done === "confirmed";
    }
    if (news) this.recorded();
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
    const fields = again(answer.status) ? null : judged(act.id, answer.status, answer.body);
    if (!fields) {
      await this.#mark(act.id, { state: act.state === "parked" ? "parked" : "kept", tries: act.tries + 1 });
      if (answer.status === 401) this.shutOut();
      else if (isAnothers(answer.status, answer.body)) this.another();
      return false;
    }
    await this.#mark(act.id, { ...fields, answered_at: Date.now() }, fields.receipt);
    if (fields.why === "chain-ended") {
      await endChain(act.owner, act.key_id);
      noteEnded(act.key_id);
      this.#moved();
    }
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
    if (!blob) return true; // another key sealed it: it stays where it is, and nothing waits for it
    const answer = await ask("PUT", `/v1/attachments/${file.sha256}`, {
      body: blob,
      type: blob.type || "application/octet-stream",
      seconds: 120,
    });
    if (again(answer.status)) {
      if (answer.status === 401) this.shutOut();
      return false;
    }
    const sent = (answer.status === 200 || answer.status === 201) && answer.body?.sha256 === file.sha256;
    if (!sent && !answer.body?.code) return false; // no answer of ours: a gateway's page
    if (isAnothers(answer.status, answer.body)) {
      this.another();
      return false;
    }
    await writing(["files"], async (tx) => {
      const now = await tx.objectStore("files").get([file.owner, file.sha256]);
      if (sent) await tx.objectStore("files").delete([file.owner, file.sha256]);
      else await tx.objectStore("files").put({ ...now, state: "refused", why: answer.body?.detail ?? String(answer.status) });
    });
    this.#moved();
    return true;
  }

  /** Forget what is old, with the files that the server would not take. */
  async #tidy() {
    const old = (await ofOwner("acts", this.who.owner)).filter((act) => isOld(act, Date.now())).map((act) => act.id);
    if (!old.length) return;
    const files = (await ofOwner("files", this.who.owner)).filter((file) => old.includes(file.act) && file.state === "refused");
    await writing(["acts", "files"], async (tx) => {
      for (const id of old) await tx.objectStore("acts").delete(id);
      for (const file of files) await tx.objectStore("files").delete([file.owner, file.sha256]);
    });
    this.#moved();
  }

  #moved() {
    tabs.postMessage("acts");
    this.changed();
  }
}
