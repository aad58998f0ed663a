// Named things of a person that are kept sealed: the day, drafts, the device's token; and their files.

import { hex, sha256 } from "./bytes.js";
import { seal, sealJson, unseal, unsealJson } from "./seal.js";
import { ofOwner, store, writing } from "./store.js";

/** Keep a value under a name. */
export async function put(who, name, value) {
  const sealed = await sealJson(who.key, name, value);
  await writing(["sealed"], (tx) => tx.objectStore("sealed").put({ owner: who.owner, name, sealed }));
}

/** What is kept under a name, or null. */
export async function get(who, name) {
  const found = await (await store()).get("sealed", [who.owner, name]);
  return found ? opened(unsealJson(who.key, name, found.sealed)) : null;
}

/** What unsealing gives, or null where another key sealed it than the server gives now. */
export async function opened(unsealing) {
  try {
    return await unsealing;
  } catch (fault) {
    if (fault.name !== "OperationError") throw fault;
    return null;
  }
}

export async function remove(who, name) {
  await writing(["sealed"], (tx) => tx.objectStore("sealed").delete([who.owner, name]));
}

/** The names under which something of a person is kept that begin so. */
export async function names(who, begin) {
  const range = IDBKeyRange.bound([who.owner, begin], [who.owner, `${begin}\uffff`]);
  return (await (await store()).getAllKeys("sealed", range)).map(([, name]) => name);
}

/** Keep a file, a draft's until an act names it; returns the SHA-256 that names it. */
export async function putFile(who, blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const name = hex(await sha256(bytes));
  const sealed = await seal(who.key, `file ${name}`, bytes);
  await writing(["files"], async (tx) => {
    const known = await tx.objectStore("files").get([who.owner, name]);
    if (!known) await tx.objectStore("files").put({ owner: who.owner, sha256: name, state: "draft", type: blob.type, at: Date.now(), sealed });
  });
  return name;
}

/** A file's bytes as a Blob, or null where it is not here any more, or was sealed by another key than the server gives now. */
export async function getFile(who, name) {
  const found = await (await store()).get("files", [who.owner, name]);
  if (!found) return null;
  const bytes = await opened(unseal(who.key, `file ${name}`, found.sealed));
  return bytes && new Blob([bytes], { type: found.type });
}

/** Drop a draft's file; one that an act names stays. */
export async function dropFile(who, name) {
  await writing(["files"], async (tx) => {
    const found = await tx.objectStore("files").get([who.owner, name]);
    if (found?.state === "draft") await tx.objectStore("files").delete([who.owner, name]);
  });
}

const LEFT_MS = 86_400_000;

/** Drop the files of screens that were left: a day old, named by no act, by no draft's `photos` and by no photograph on its way. */
export async function dropLeft(who, now = Date.now()) {
  const naming = [...(await names(who, "draft ")), ...(await names(who, "photograph"))];
  const kept = await Promise.all(naming.map((name) => get(who, name)));
  if (kept.includes(null)) return; // one does not open: what it names is not known
  const named = new Set(kept.flatMap(({ photos = [], sha256 }) => [sha256, ...photos.map((photo) => photo.sha256)]));
  for (const { sha256, state, at } of await ofOwner("files", who.owner)) {
    if (state === "draft" && !named.has(sha256) && now - (at ?? 0) > LEFT_MS) await dropFile(who, sha256);
  }
}

/** The files that acts name and the server does not have yet. */
export async function filesToSend(who) {
  return (await ofOwner("files", who.owner)).filter((one) => one.state === "kept");
}

/** The files that acts name and the server would not take: `{sha256, act, why, …}`. */
export async function filesRefused(who) {
  return (await ofOwner("files", who.owner)).filter((one) => one.state === "refused");
}

/** Let the files be sent once more that the server would not take. */
export async function keepRefused(who) {
  const refused = await filesRefused(who);
  await writing(["files"], async (tx) => {
    for (const file of refused) await tx.objectStore("files").put({ ...file, state: "kept" });
  });
}
