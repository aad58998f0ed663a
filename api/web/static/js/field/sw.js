// The service worker of /field. BUILD and FILES stand before this text, as the server wrote them.
// It keeps one build whole; what the server says under /v1 is never kept here. Its scope is the whole service: who signed out on this
// phone without a network is signed out at the server before any of its pages is shown.
/* global BUILD, FILES */

const CACHE = `zhuanche-field-${BUILD}`;
const PAGE = "/field";
const OWED = "zhuanche-sign-out"; // as in owed.js; this worker is no module and imports none
const PATIENCE_MS = 10_000;

self.addEventListener("install", (event) => event.waitUntil(fetchAll()));

/** Fetch every file of this build, and the page if it is of this build too; else install nothing. */
async function fetchAll() {
  const cache = await caches.open(CACHE);
  await cache.addAll(FILES); // named by their build: what the page has loaded already need not come twice
  const page = await fetch(PAGE, { cache: "no-store", credentials: "same-origin" });
  const text = await page.clone().text();
  if (!page.ok || page.redirected || !text.includes(`/assets/${BUILD}/`)) {
    await caches.delete(CACHE);
    throw new Error("the page is of another build");
  }
  await cache.put(PAGE, page);
}

self.addEventListener("activate", (event) => event.waitUntil(takeOver()));

async function takeOver() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("zhuanche-field-") && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

self.addEventListener("message", (event) => {
  if (event.data === "change") self.skipWaiting();
  if (event.data === "signed-out") event.waitUntil(leavePages());
});

/** Somebody signed out: pages of the server that are open in other tabs are left. */
async function leavePages() {
  const pages = await self.clients.matchAll({ type: "window" });
  const ofServer = pages.filter((one) => new URL(one.url).pathname !== PAGE);
  await Promise.all(ofServer.map((one) => one.navigate(PAGE).catch(() => {})));
}

self.addEventListener("sync", (event) => {
  if (event.tag === OWED) event.waitUntil(signedOut().then((done) => done || Promise.reject(new Error("not yet"))));
});

/** Tell the server of a sign-out that it does not know of; returns whether none is owed any more. */
function signedOut() {
  const signal = AbortSignal.timeout(PATIENCE_MS); // a network that stalls holds no page for longer
  return navigator.locks.request(OWED, { signal }, async () => {
    if (!(await caches.has(OWED))) return true;
    const sent = { method: "DELETE", headers: { "X-Zhuanche-Page": "1" }, credentials: "same-origin", cache: "no-store", signal };
    const { status } = await fetch("/v1/session", sent);
    return (status === 204 || status === 401) && caches.delete(OWED);
  }).catch(() => false); // no answer in time
}

self.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (origin !== self.location.origin) return;
  if (mode === "navigate" && pathname === PAGE) event.respondWith(kept(PAGE, event.request));
  else if (mode === "navigate" || (method === "POST" && pathname === "/v1/session")) event.respondWith(afterSignOut(event.request));
  else if (method === "GET" && pathname.startsWith(`/assets/${BUILD}/`)) event.respondWith(kept(pathname, event.request));
});

/** A page of the server, or a sign-in: only once no sign-out is owed. */
async function afterSignOut(request) {
  if (await signedOut()) return fetch(request);
  return request.mode === "navigate" ? Response.redirect(PAGE) : Response.error();
}

async function kept(name, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(name)) ?? fetch(request);
}
