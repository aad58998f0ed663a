// A form that is being filled in survives anything: it is kept sealed a moment after each change.

import { dropFile, get, put, remove } from "./sealed.js";

const AFTER_MS = 400;

/** What a person began under a name, kept on the phone until it is signed or thrown away. */
export class Draft {
  #timer = null;
  #writing = Promise.resolve();
  #dropped = false;

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
    if (!this.#dropped) this.#timer = setTimeout(() => this.save().catch(() => {}), AFTER_MS); // the app says that it failed
  }

  /** Write it now; one that failed does not stop the next. Throws what the storage says against it. */
  save() {
    clearTimeout(this.#timer);
    if (this.#dropped) return this.#writing;
    this.#writing = this.#writing.catch(() => {}).then(() => put(this.who, this.name, this.values));
    this.#writing.then(
      () => told(true),
      () => told(false),
    );
    return this.#writing;
  }

  /** It became an act, or is thrown away with its files: nothing writes it again. */
  async drop(files = []) {
    clearTimeout(this.#timer);
    this.#dropped = true;
    await this.#writing.catch(() => {});
    await remove(this.who, this.name);
    for (const file of files) await dropFile(this.who, file);
  }
}

/** Let the app say whether what is being typed is kept. */
const told = (saved) => dispatchEvent(new CustomEvent("draft", { detail: { saved } }));
