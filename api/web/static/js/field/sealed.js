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
  if (!found) return null;
  try {
    return await unsealJson(who.key, name, found.sealed);
  } catch (fault) {
    if (fault.name !== "OperationError") throw fault;
    return null; // sealed by another key than the server gives now
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
    if (!known) await tx.objectStore("files").put({ owner: who.owner, sha256: name, state: "draft", type: blob.type, sealed });
  });
  return name;
}

/** A file's bytes as a Blob, or null where it is not here any more. */
export async function getFile(who, name) {
  const found = await (await store()).get("files", [who.owner, name]);
  if (!found) return null;
  return new Blob([await unseal(who.key, `file ${name}`, found.sealed)], { type: found.type });
}

/** Drop a draft's file; one that an act names stays. */
export async function dropFile(who, name) {
  await writing(["files"], async (tx) => {
    const found = await tx.objectStore("files").get([who.owner, name]);
    if (found?.state === "draft") await tx.objectStore("files").delete([who.owner, name]);
  });
}

/** The files that acts name and the server does not have yet. */
export async function filesToSend(who) {
  return (await ofOwner("files", who.owner)).filter((one) => one.state === "kept");
}
