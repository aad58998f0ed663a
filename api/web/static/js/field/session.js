// Who is signed in on this phone. Their key stays here, unreadable, until they sign out: so the phone opens without a network.

import { ask, Unreachable } from "./server.js";
import { vaultKey } from "./seal.js";
import { WAITING } from "./outbox.js";
import { store, writing } from "./store.js";

const OWED = "zhuanche-sign-out";
const LASTS_MS = 6 * 3_600_000;

/** Tells the other tabs that something changed: `acts`, `day` or `session`. */
export const tabs = new BroadcastChannel("zhuanche-field");

/** A session ends by itself when its time is over, but nobody is shut out on the way. Pure. */
export const isOver = (until, now, out) => now >= Date.parse(until) && !out;

/** Who is signed in as far as this phone knows: `{owner, bureau, person, name, roles, until, key, out}`, or null. */
export async function remembered() {
  const known = await (await store()).get("session", "now");
  if (!known) return null;
  if (isOver(known.until, Date.now(), known.out)) {
    await forget();
    return null;
  }
  return known;
}

/** Note whether the person is out on a trip, as far as this phone knows. */
export async function noteOut(who, out) {
  if (Boolean(who.out) === out) return;
  who.out = out;
  await writing(["session"], async (tx) => {
    const now = await tx.objectStore("session").get("now");
    if (now?.owner === who.owner) await tx.objectStore("session").put({ ...now, out }, "now");
  });
}

async function forget() {
  await writing(["session"], (tx) => tx.objectStore("session").delete("now"));
}

/**
 * Ask the server who is signed in, and fetch their key: returns who, or null for nobody.
 * Throws `Unreachable` without a network. A sign-out that was done without a network is done first.
 */
export async function signedIn() {
  if (localStorage.getItem(OWED)) {
    await ask("DELETE", "/v1/session");
    localStorage.removeItem(OWED);
  }
  const me = await ask("GET", "/v1/session");
  if (me.status !== 200) return shut();
  const known = await remembered();
  const owner = `${me.body.bureau_id}/${me.body.person_id}`;
  const lasts = known && Date.parse(known.until) - Date.now() > LASTS_MS;
  if (lasts && known.owner === owner && known.name === me.body.name) return known;
  const given = await ask("GET", "/v1/field/vault");
  if (given.status === 403) return { refused: given.body };
  if (given.status !== 200) return shut();
  const who = {
    owner,
    bureau: me.body.bureau_id,
    person: me.body.person_id,
    name: me.body.name,
    roles: me.body.roles,
    until: given.body.until,
    key: await vaultKey(given.body.key),
    out: known?.owner === owner ? known.out : false,
  };
  await writing(["session"], (tx) => tx.objectStore("session").put(who, "now"));
  tabs.postMessage("session");
  return who;
}

/** The server says that nobody is signed in: what is here is shut. */
export async function shut() {
  if (await (await store()).get("session", "now")) {
    await forget();
    tabs.postMessage("session");
  }
  return null;
}

/** Sign out: the key goes first, so that nothing can be read, network or not; the server is told now or at next sight. */
export async function signOut() {
  localStorage.setItem(OWED, "1");
  await shut();
  try {
    await ask("DELETE", "/v1/session", { seconds: 5 });
    localStorage.removeItem(OWED);
  } catch (fault) {
    if (!(fault instanceof Unreachable)) throw fault;
  }
}

/** How many acts of how many people wait on this phone; nothing else of them can be read. */
export async function sealedHere() {
  const waiting = (await (await store()).getAll("acts")).filter((one) => WAITING.has(one.state));
  const owners = new Map();
  for (const one of waiting) owners.set(one.owner, (owners.get(one.owner) ?? 0) + 1);
  return owners;
}
