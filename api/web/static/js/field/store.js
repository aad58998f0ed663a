// The phone's database. Acts are written durably; all that tells of people is sealed (seal.js) before it comes here.

import { openDB } from "../../vendor/idb/index.js";

const NAME = "zhuanche-field";
const VERSION = 1;

let opened = null;

/** The open database; opened again where the browser closed it. */
export function store() {
  opened ??= openDB(NAME, VERSION, {
    upgrade(db) {
      db.createObjectStore("session"); // "now": who is signed in, with their key, until they sign out
      db.createObjectStore("keys", { keyPath: "owner" }); // the device key of a person, and the head of its chain
      const acts = db.createObjectStore("acts", { keyPath: "id" });
      acts.createIndex("by_owner", ["owner", "key_id", "seq"], { unique: true });
      const files = db.createObjectStore("files", { keyPath: ["owner", "sha256"] });
      files.createIndex("by_owner", "owner");
      db.createObjectStore("sealed", { keyPath: ["owner", "name"] }); // the day, drafts, the device's token
      const fixes = db.createObjectStore("fixes", { keyPath: "no", autoIncrement: true });
      fixes.createIndex("by_owner", "owner");
    },
    blocking(_old, _new, event) {
      event.target.close(); // a page of a newer build waits to upgrade: this one opens anew when it writes next
      opened = null;
    },
    terminated() {
      opened = null;
    },
  });
  return opened;
}

/**
 * Do work in one transaction that is on the disk before this returns, or has done nothing.
 * Nothing but this transaction may be awaited in `work`.
 */
export async function writing(stores, work) {
  const tx = (await store()).transaction(stores, "readwrite", { durability: "strict" });
  tx.done.catch(() => {}); // whoever waits below hears of it
  try {
    const result = await work(tx);
    await tx.done;
    return result;
  } catch (fault) {
    try {
      tx.abort();
    } catch {
      // it is over already
    }
    throw fault;
  }
}

/** The records of a person in one store. */
export async function ofOwner(name, owner) {
  const range = name === "acts" ? IDBKeyRange.bound([owner], [owner, []]) : owner;
  return (await store()).getAllFromIndex(name, "by_owner", range);
}
