// The service worker: it opens the app without a network, and brings a new build whole or not at all.

/**
 * Register it; `found` is called with a function that changes to a newer build, once one is there.
 * A change of build loads every open page anew: no page mixes two.
 */
export async function updates(found) {
  if (!("serviceWorker" in navigator)) return;
  const had = Boolean(navigator.serviceWorker.controller);
  let loading = false;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (!had || loading) return; // the first one takes over a page of its own build
    loading = true;
    location.reload();
  });
  const registration = await navigator.serviceWorker.register("/field/sw.js", { scope: "/field", updateViaCache: "none" });
  const offer = (worker) => {
    if (worker && navigator.serviceWorker.controller) found(() => worker.postMessage("change"));
  };
  offer(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker.addEventListener("statechange", () => {
      if (worker.state === "installed") offer(worker);
    });
  });
  setInterval(() => registration.update().catch(() => {}), 3_600_000);
}
