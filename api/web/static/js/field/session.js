// Who is signed in on this phone. Their key stays here, unreadable, until they sign out: so the phone opens without a network.

import { ask, Unreachable } from "./server.js";
import { vaultKey } from "./seal.js";
import { WAITING } from "./outbox.js";
import { store, writing } from "./store.js";
import { OWED, endOwed } from "../owed.js";
import { unsubscribe } from "../told_here.js";

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

/** How often somebody signed out here: an answer that was asked for before a sign-out opens nothing after it. */
const outs = async () => (await (await store()).get("session", "outs")) ?? 0;

/**
 * Ask the server who is signed in, and fetch their key: returns who, or null for nobody.
 * Throws `Unreachable` without a network. A sign-out that was done without a network is done first.
 */
export async function signedIn() {
  if (!(await endOwed(20))) throw new Unreachable("a sign-out is owed");
  const before = await outs();
  const who = await asked(before);
  return (await outs()) === before ? who : null;
}

async function asked(before) {
  const me = await ask("GET", "/v1/session");
  if (me.status === 401 || me.body?.must_change_password) return shut();
  if (me.status === 403 && me.body?.code) return refused(me.body); // no role any more
  if (me.status !== 200 || !me.body?.person_id) throw new Unreachable(String(me.status)); // away, or a gateway answers for it
  const known = await remembered();
  const owner = `${me.body.bureau_id}/${me.body.person_id}`;
  const lasts = known && Date.parse(known.until) - Date.now() > LASTS_MS;
  const same = known?.owner === owner && known.name === me.body.name && String(known.roles) === String(me.body.roles);
  if (lasts && same) return known;
  const given = await ask("GET", "/v1/field/vault");
  if (given.status === 403 && given.body?.code) return refused(given.body);
  if (given.status === 401) return shut();
  if (given.status !== 200 || !given.body?.key) throw new Unreachable(String(given.status));
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
  const opened = await writing(["session"], async (tx) => {
    if (((await tx.objectStore("session").get("outs")) ?? 0) !== before) return false;
    await tx.objectStore("session").put(who, "now");
    return true;
  });
  if (!opened) return null; // signed out while the server was asked
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

/** The server says that who is signed in may not work here: what is here is shut, and why is said. */
async function refused(problem) {
  await shut();
  return { refused: problem };
}

/**
 * Sign out: the key goes first, so that nothing can be read, network or not. The server is told now, or before it shows any page here
 * again: a script cannot drop the cookie. Pages of the server in other tabs are left.
 */
export async function signOut() {
  await caches.open(OWED);
  await writing(["session"], async (tx) => {
    const session = tx.objectStore("session");
    await session.delete("now");
    await session.put(((await session.get("outs")) ?? 0) + 1, "outs");
  });
  tabs.postMessage("session");
  navigator.serviceWorker?.controller?.postMessage("signed-out");
  await unsubscribe().catch(() => {}); // without a network the push service is told later
  if (await endOwed(5)) return;
  const worker = await navigator.serviceWorker?.getRegistration();
  await worker?.sync?.register(OWED).catch(() => {}); // where the browser can wake the worker once there is a network
}

/** How many acts of how many people wait on this phone; nothing else of them can be read. */
export async function sealedHere() {
  const waiting = (await (await store()).getAll("acts")).filter((one) => WAITING.has(one.state));
  const owners = new Map();
  for (const one of waiting) owners.set(one.owner, (owners.get(one.owner) ?? 0) + 1);
  return owners;
}
