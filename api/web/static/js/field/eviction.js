// Browsers may throw a page's storage away. A mark outside it tells that this happened, and how much was lost.

import { ask } from "./server.js";
import { store } from "./store.js";

const NAME = "zhuanche_field_kept";
const DAYS = 400;
const MOST = 8;

/**
 * What the mark says of each key that signed on this phone: `{key_id, made, lost}`, the number of its last act, and how many the server
 * was told are lost (null: it was told nothing). It names no person. Pure.
 */
export function marksOf(cookies) {
  const value = new RegExp(`(?:^|; )${NAME}=([0-9a-f.~-]+)(?:;|$)`).exec(cookies)?.[1] ?? "";
  return [...value.matchAll(/([0-9a-f-]{36})\.([0-9]+)(?:\.([0-9]+))?/g)].map(([, key_id, made, lost]) => ({
    key_id,
    made: Number(made),
    lost: lost === undefined ? null : Number(lost),
  }));
}

/**
 * What was lost of a person's acts: `{key_id, made, lost, told}`; null for nothing. Pure. `here` are the ids of the keys in the storage, `theirs`
 * the person's keys as the server has them, with the last number of each that it judged.
 */
export function lostOf(marks, here, theirs) {
  for (const { key_id, made, lost } of marks) {
    const known = theirs.find((one) => one.key_id === key_id);
    if (known && !here.includes(key_id)) return { key_id, made, lost: lost ?? Math.max(0, made - known.seq), told: lost !== null };
  }
  return null;
}

function write(marks) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const value = marks.slice(-MOST).map(({ key_id, made, lost }) => [key_id, made, ...(lost === null ? [] : [lost])].join(".")).join("~");
  document.cookie = `${NAME}=${value}; Path=/field; Max-Age=${value ? DAYS * 86_400 : 0}; SameSite=Strict${secure}`;
}

/** Note outside the storage how far a key's chain goes; `instead` of those of other keys that are done with. */
export function note(key, instead = []) {
  if (!key) return;
  const others = marksOf(document.cookie).filter((one) => one.key_id !== key.key_id && !instead.includes(one.key_id));
  write([...others, { key_id: key.key_id, made: key.seq, lost: null }]);
}

/** The server ended a key's chain: that it is not here any more is no loss. */
export const noteEnded = (keyId) => write(marksOf(document.cookie).filter((one) => one.key_id !== keyId));

/** The keys of which the server was told what was lost. */
export const toldLost = () => marksOf(document.cookie).filter((one) => one.lost !== null).map((one) => one.key_id);

/** What this phone lost of a person's acts, by its mark; `theirs` as in `lostOf`. */
export async function lostHere(theirs) {
  const keys = await (await store()).getAll("keys");
  return lostOf(marksOf(document.cookie), keys.map((key) => key.key_id), theirs);
}

/** Tell the server what was lost, once; returns it as it stands then. Throws `Unreachable`. */
export async function tellLoss(lost) {
  if (!lost || lost.told) return lost;
  const answer = await ask("POST", `/v1/device-keys/${lost.key_id}/loss`, { json: { made: lost.made } });
  if (answer.status !== 200 || answer.body?.made === undefined) return lost; // it is told again at the next sight
  const told = { ...lost, made: answer.body.made, lost: answer.body.lost, told: true };
  write(marksOf(document.cookie).map((one) => (one.key_id === lost.key_id ? { ...one, lost: told.lost } : one)));
  return told;
}

/** Ask the browser not to throw the storage away; tells whether it promised. */
export async function persisted() {
  if (!navigator.storage?.persist) return false;
  return (await navigator.storage.persisted()) || navigator.storage.persist();
}
