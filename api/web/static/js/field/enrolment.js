// This phone becomes one of a person's devices: its token comes by the enrolment link, its key is made here.

import { keyOf, newKey } from "./chain.js";
import { note, toldLost } from "./eviction.js";
import { get, put } from "./sealed.js";
import { ask } from "./server.js";
import { writing } from "./store.js";

const TOKEN = "zhuanche-enrol";
const DEVICE = "zhuanche-enrol-device";
const SHAPE = /^[\w-]{8,200}$/;

/**
 * Take a device's token out of the address (`#enrol=…&device=…`): it waits in this tab alone until its person is signed in
 * and sets the phone up.
 */
export function takeToken() {
  if (!location.hash.startsWith("#enrol=")) return;
  const found = new URLSearchParams(location.hash.slice(1));
  if (SHAPE.test(found.get("enrol"))) sessionStorage.setItem(TOKEN, found.get("enrol"));
  if (found.get("device")) sessionStorage.setItem(DEVICE, found.get("device"));
  history.replaceState(null, "", location.pathname);
}

/** The person's devices in service and the notice they were told; throws `Unreachable`. */
export async function mine() {
  const answer = await ask("GET", "/v1/devices/mine");
  if (answer.status !== 200) return { fault: answer.body, devices: [], told: true };
  const { devices, notice, acknowledgements } = answer.body;
  return {
    devices: devices.filter((one) => one.revoked_at === null),
    notice,
    told: acknowledgements.some((one) => one.notice === notice.version),
  };
}

/** Whether a link has come by which a phone is set up, and for which device: `{waits, device}`. */
export const link = () => ({ waits: sessionStorage.getItem(TOKEN) !== null, device: sessionStorage.getItem(DEVICE) });

/** Forget the link: this phone stays as it is set up. */
export function dropLink() {
  sessionStorage.removeItem(TOKEN);
  sessionStorage.removeItem(DEVICE);
}

/** Acknowledge what is tracked. */
export const acknowledge = (deviceId, notice) =>
  ask("POST", `/v1/devices/${deviceId}/acknowledge`, { json: { notice: notice.version } });

/** Make a key on this phone and let the server know it as the device's; returns the problem where it does not. */
export async function enrol(who, deviceId) {
  const { told, key } = await newKey(who, deviceId);
  const given = sessionStorage.getItem(TOKEN);
  const answer = await ask("POST", "/v1/device-keys", { json: given ? { ...told, token: given } : told });
  if (answer.body?.code === "not-its-token") dropLink(); // somebody else's link: their device is not this phone
  if (answer.status !== 201 && answer.status !== 200) return answer.body;
  const { receipt } = answer.body;
  const srv = receipt ? { entry: receipt.entry, leaf: receipt.leaf } : null;
  const former = await keyOf(who.owner);
  await writing(["keys"], (tx) => tx.objectStore("keys").put({ ...key, srv }));
  note(key, [former?.key_id, ...toldLost()]);
  const before = await get(who, "device");
  const token = given ?? (before?.device_id === deviceId ? before.token : null);
  await put(who, "device", { device_id: deviceId, token });
  dropLink();
  return null;
}
