// The server's record was rolled back to a backup: what it had answered since is sent to it again, in the order of the chain.

import { endChain, keyOf } from "./chain.js";
import { noteEnded } from "./eviction.js";
import { undone } from "./outbox.js";
import { get, put } from "./sealed.js";
import { writing } from "./store.js";

/**
 * Let what a restore undid be sent again, once a restore; tells whether there was one. `day` is the server's: its restores, and the
 * person's keys. A key that the server does not know any more signs no more: the phone is to be set up anew.
 */
export async function sendAgain(who, { restores = [], keys }) {
  const done = (await get(who, "restores"))?.ids ?? [];
  const fresh = restores.filter(({ restore_id }) => !done.includes(restore_id));
  if (!fresh.length) return false;
  await writing(["acts"], async (tx) => {
    const acts = tx.objectStore("acts");
    for (const act of await acts.index("by_owner").getAll(IDBKeyRange.bound([who.owner], [who.owner, []]))) {
      if (undone(act, fresh)) await acts.put({ ...act, state: "kept", tries: 0 });
    }
  });
  const key = await keyOf(who.owner);
  if (key && !keys.some(({ key_id }) => key_id === key.key_id)) {
    await endChain(who.owner, key.key_id);
    noteEnded(key.key_id);
  }
  await put(who, "restores", { ids: restores.map(({ restore_id }) => restore_id) });
  return true;
}
