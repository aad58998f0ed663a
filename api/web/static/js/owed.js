// A sign-out that was done on this phone and that the server does not know of: before anybody signs in here, it is told.

import { request } from "./request.js";

export const OWED = "zhuanche-sign-out"; // a cache of this name: the service worker (field/sw.js) sees it too

/** Whether the server has still to be told that somebody signed out here. A browser that keeps no caches owes nothing. */
export async function signOutOwed() {
  try {
    return await caches.has(OWED);
  } catch {
    return false;
  }
}

/** Tell the server of it within so many seconds; returns whether nothing is owed any more. */
export async function endOwed(seconds) {
  if (!(await signOutOwed())) return true;
  const signal = AbortSignal.timeout(seconds * 1000); // of the wait for another tab or the worker, too
  return navigator.locks.request(OWED, { signal }, async () => {
    if (!(await signOutOwed())) return true;
    const { status } = await request("DELETE", "/v1/session", { signal });
    return (status === 204 || status === 401) && caches.delete(OWED);
  }).catch(() => false); // no answer in time
}
