// The service worker of /field. BUILD and FILES stand before this text, as the server wrote them.
// It keeps one build whole; what the server says under /v1 is never kept here.
/* global BUILD, FILES */

const CACHE = `zhuanche-field-${BUILD}`;
const PAGE = "/field";

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
});

self.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== self.location.origin) return;
  if (mode === "navigate" && pathname === PAGE) event.respondWith(kept(PAGE, event.request));
  else if (pathname.startsWith(`/assets/${BUILD}/`)) event.respondWith(kept(pathname, event.request));
});

async function kept(name, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(name)) ?? fetch(request);
}
