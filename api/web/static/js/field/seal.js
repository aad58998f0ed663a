// What this phone keeps is ciphertext: AES-256-GCM by the key of the person who is signed in, each thing bound to its name.

import { fromBase64url, textOf, utf8 } from "./bytes.js";

/** The person's key as the server gave it; no script can read it again. */
export function vaultKey(base64) {
  return crypto.subtle.importKey("raw", fromBase64url(base64), "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** Seal bytes under a name; what is opened under another name does not open. */
export async function seal(key, name, bytes) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const box = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: utf8(name) }, key, bytes);
  return { iv, box };
}

/** Open what was sealed under a name. Throws an OperationError with another key or name. */
export async function unseal(key, name, { iv, box }) {
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: utf8(name) }, key, box));
}

export const sealJson = (key, name, value) => seal(key, name, utf8(JSON.stringify(value)));

export async function unsealJson(key, name, sealed) {
  return JSON.parse(textOf(await unseal(key, name, sealed)));
}
