// Browsers may throw a page's storage away. A mark outside it tells that this happened, and how much was lost.

import { store } from "./store.js";

const NAME = "zhuanche_field_kept";
const DAYS = 400;

/** What a mark says: the key that signed last on this phone and the number of its last act, or null. Pure. */
export function markOf(cookies) {
  const found = new RegExp(`(?:^|; )${NAME}=([0-9a-f-]{36})\\.([0-9]+)(?:;|$)`).exec(cookies);
  return found ? { key_id: found[1], seq: Number(found[2]) } : null;
}

/**
 * What was lost: `{key_id, made, known}`, acts that were signed and acts that the server has (null: not told); null for
 * nothing. Pure. `here` are the ids of the keys in the storage, `told` are the person's keys as the server has them.
 */
export function lost(mark, here, told) {
  if (!mark || here.includes(mark.key_id)) return null;
  return { key_id: mark.key_id, made: mark.seq, known: told.find((one) => one.key_id === mark.key_id)?.seq ?? null };
}

/** Note outside the storage how far a key's chain goes. It names no person. */
export function note(key) {
  if (!key) return;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${NAME}=${key.key_id}.${key.seq}; Path=/field; Max-Age=${DAYS * 86_400}; SameSite=Strict${secure}`;
}

/** What this phone lost, by its mark; `told` as in `lost`. */
export async function lostHere(told) {
  const keys = await (await store()).getAll("keys");
  return lost(markOf(document.cookie), keys.map((key) => key.key_id), told);
}

/** Ask the browser not to throw the storage away; tells whether it promised. */
export async function persisted() {
  if (!navigator.storage?.persist) return false;
  return (await navigator.storage.persisted()) || navigator.storage.persist();
}
