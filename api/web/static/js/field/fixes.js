// Positions while this page is open on a trip: kept sealed, sent in batches by the device's own token.

import { seal, unsealJson } from "./seal.js";
import { utf8 } from "./bytes.js";
import { get, opened } from "./sealed.js";
import { again, ask } from "./server.js";
import { ofOwner, writing } from "./store.js";

const MOST = 500;

/** The next fixes that open, no more than are sent at once, and the numbers under which they are kept. */
async function batch(who) {
  const fixes = [];
  const taken = [];
  for (const row of await ofOwner("fixes", who.owner)) {
    if (fixes.length && fixes.length + row.count > MOST) break;
    const found = await opened(unsealJson(who.key, "fixes", row.sealed));
    if (!found) continue;
    fixes.push(...found);
    taken.push(row.no);
  }
  return { fixes, taken };
}

/** Keep fixes until they are sent: `[{fixed_at, lat, lon, accuracy_m, …}]`. */
export async function keepFixes(who, fixes) {
  const sealed = await seal(who.key, "fixes", utf8(JSON.stringify(fixes)));
  await writing(["fixes"], (tx) => tx.objectStore("fixes").add({ owner: who.owner, count: fixes.length, sealed }));
}

/**
 * Send the fixes that wait; returns whether none is left. Those that can never count are taken by the server too; those that another key
 * sealed stay where they are.
 */
export async function sendFixes(who) {
  const device = await get(who, "device");
  if (!device?.token) return true;
  for (;;) {
    const { fixes, taken } = await batch(who);
    if (!taken.length) return true;
    const answer = await ask("POST", "/v1/positions", {
      json: { datum: "WGS-84", fixes },
      headers: { Authorization: `Bearer ${device.token}` },
      credentials: "omit",
    });
    if (again(answer.status) && answer.status !== 401) return false;
    if (answer.status === 401) return true; // not told yet, or revoked: they wait, and what else waits is not held up
    await writing(["fixes"], async (tx) => {
      for (const no of taken) await tx.objectStore("fixes").delete(no);
    });
  }
}
