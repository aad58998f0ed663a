// The device's key and its chain: every act is signed here, numbered, and names the one before it by its hash.

import { base64url, fromBase64url, sha256, storable, textOf, utf8, uuid7 } from "./bytes.js";
import { note } from "./eviction.js";
import { toRead } from "./outbox.js";
import { sealJson, unsealJson } from "./seal.js";
import { ofOwner, store, writing } from "./store.js";

const ES256 = { name: "ECDSA", namedCurve: "P-256" };
const SIGNING = { name: "ECDSA", hash: "SHA-256" };
const BOOT = crypto.randomUUID();

/** The key of a person on this phone, or undefined. */
export async function keyOf(owner) {
  return (await store()).get("keys", owner);
}

/** The RFC 7638 thumbprint of a public P-256 key. */
export async function thumbprint({ crv, kty, x, y }) {
  return base64url(await sha256(utf8(JSON.stringify({ crv, kty, x, y }))));
}

/** A compact JWS (RFC 7515) by the key; returns it with the hash that the next act names. */
export async function signed(privateKey, header, payload) {
  const input = `${base64url(utf8(JSON.stringify(header)))}.${base64url(utf8(JSON.stringify(payload)))}`;
  const signature = await crypto.subtle.sign(SIGNING, privateKey, utf8(input));
  return { jws: `${input}.${base64url(signature)}`, hash: base64url(await sha256(utf8(input))) };
}

/** What a JWS of ours says; it is not verified. */
export const said = (jws) => JSON.parse(textOf(fromBase64url(jws.split(".")[1])));

/** Make a key for a person's device that no script can export; returns it with what the server is to be told. */
export async function newKey(who, deviceId) {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(ES256, false, ["sign", "verify"]);
  const { crv, kty, x, y } = await crypto.subtle.exportKey("jwk", publicKey);
  const jwk = { kty, crv, x, y };
  const keyId = uuid7();
  const kid = await thumbprint(jwk);
  const claims = { v: 1, bureau: who.bureau, key_id: keyId, device_id: deviceId, person_id: who.person, iat: Date.now() };
  const proof = await signed(privateKey, { alg: "ES256", typ: "key+jws", kid }, claims);
  return {
    told: { key_id: keyId, device_id: deviceId, jwk, proof: proof.jws },
    key: { owner: who.owner, key_id: keyId, device_id: deviceId, private: privateKey, kid, seq: 0, prev: null, srv: null },
  };
}

/**
 * Sign an act and keep it: number, chain and act are written in one transaction, or nothing is.
 * Two tabs take turns; where they could not, the second finds the chain moved and signs anew.
 */
export function keep(who, { act, trip = null, body, files = [] }) {
  return navigator.locks.request(`zhuanche chain ${who.owner}`, async () => {
    for (;;) {
      const key = await keyOf(who.owner);
      if (!key) throw new Error("no key of this person is on this phone: it must be set up first");
      const id = uuid7();
      const seq = key.seq + 1;
      const payload = {
        v: 1,
        bureau: who.bureau,
        key: key.key_id,
        seq,
        prev: key.prev,
        id,
        iat: Date.now(),
        mono: Math.round(performance.now()),
        boot: BOOT,
        srv: key.srv,
        act,
        trip,
        body: storable(body),
      };
      const { jws, hash } = await signed(key.private, { alg: "ES256", typ: "act+jws", kid: key.kid }, payload);
      const sealed = await sealJson(who.key, `act ${id}`, { jws, files });
      const kept = { id, owner: who.owner, key_id: key.key_id, seq, state: "kept", tries: 0, at: payload.iat, sealed };
      const done = await writing(["keys", "acts", "files"], async (tx) => {
        const now = await tx.objectStore("keys").get(who.owner);
        if (now?.key_id !== key.key_id || now.seq !== key.seq) return false;
        await tx.objectStore("keys").put({ ...now, seq, prev: hash });
        await tx.objectStore("acts").add(kept);
        for (const sha of files) {
          const file = await tx.objectStore("files").get([who.owner, sha]);
          if (!file) throw new Error(`the file ${sha} is gone`);
          await tx.objectStore("files").put({ ...file, state: "kept", act: id });
        }
        return true;
      });
      if (!done) continue;
      note({ key_id: key.key_id, seq });
      return { ...kept, payload, hash };
    }
  });
}

/**
 * A person's acts in order, opened: `{id, seq, state, why, reasons, payload, jws, files, …}`; and how many do not open,
 * because the server gives another key than it gave when they were sealed: they stay where they are.
 */
export async function actsOf(who) {
  const acts = [];
  let shut = 0;
  for (const { sealed, ...row } of await ofOwner("acts", who.owner)) {
    try {
      const { jws, files } = await unsealJson(who.key, `act ${row.id}`, sealed);
      acts.push({ ...row, jws, files, payload: said(jws) });
    } catch (fault) {
      if (fault.name !== "OperationError") throw fault;
      shut += 1;
    }
  }
  return { acts: acts.sort((one, other) => one.at - other.at || one.seq - other.seq), shut };
}

/** Its person read that an act was not recorded. */
export async function readBy(owner, id) {
  await writing(["acts"], async (tx) => {
    const act = await tx.objectStore("acts").get(id);
    if (act?.owner === owner && toRead(act)) await tx.objectStore("acts").put({ ...act, read_at: Date.now() });
  });
}

/** The newest entry of the ledger that this phone has seen: what is signed next was made after it. */
export async function sawReceipt(owner, { entry, leaf }) {
  await writing(["keys"], async (tx) => {
    const key = await tx.objectStore("keys").get(owner);
    if (key && key.srv?.entry !== entry) await tx.objectStore("keys").put({ ...key, srv: { entry, leaf } });
  });
}

/** The server ended a chain: the key signs no more, and the phone is to be set up anew. */
export async function endChain(owner, keyId) {
  await writing(["keys"], async (tx) => {
    const key = await tx.objectStore("keys").get(owner);
    if (key?.key_id === keyId) await tx.objectStore("keys").delete(owner);
  });
}
