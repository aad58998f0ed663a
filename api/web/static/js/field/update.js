// The service worker: it opens the app without a network, and brings a new build whole or not at all.

/**
 * Register it; `found` is called with a function that changes to a newer build, once one is there, and `changed` in every open page
 * once another build has taken over.
 */
export async function updates(found, changed) {
  if (!("serviceWorker" in navigator)) return;
  let controlled = Boolean(navigator.serviceWorker.controller);
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (controlled) changed();
    controlled = true; // the first one takes over a page of its own build
  });
  const registration = await navigator.serviceWorker.register("/field/sw.js", { scope: "/", updateViaCache: "none" });
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
