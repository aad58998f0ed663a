// A form that is being filled in survives anything: it is kept sealed a moment after each change.

import { dropFile, get, put, remove } from "./sealed.js";

const AFTER_MS = 400;

/** What a person began under a name, kept on the phone until it is signed or thrown away. */
export class Draft {
  #timer = null;
  #writing = Promise.resolve();

  constructor(who, name, values) {
    this.who = who;
    this.name = `draft ${name}`;
    this.values = values;
  }

  /** The draft of that name, begun with `fresh` where there is none. */
  static async open(who, name, fresh) {
    const kept = await get(who, `draft ${name}`);
    const draft = new Draft(who, name, kept ?? fresh);
    draft.begun = kept !== null;
    return draft;
  }

  /** Change something; it is on the disk a moment later. */
  set(values) {
    Object.assign(this.values, values);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.save(), AFTER_MS);
  }

  /** Write it now. */
  save() {
    clearTimeout(this.#timer);
    this.#writing = this.#writing.then(() => put(this.who, this.name, this.values));
    return this.#writing;
  }

  /** It became an act, or is thrown away with its files. */
  async drop(files = []) {
    clearTimeout(this.#timer);
    await this.#writing;
    await remove(this.who, this.name);
    for (const file of files) await dropFile(this.who, file);
  }
}
