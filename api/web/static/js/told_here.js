// The browser's own half of being told: no network, no session is needed to end it.

export const SCOPE = "/notices/";

/** Let this browser show nobody's notices any more, and return the id of the subscription that it had. */
export async function unsubscribe() {
  const registration = await navigator.serviceWorker?.getRegistration(SCOPE);
  await (await registration?.pushManager?.getSubscription())?.unsubscribe();
  const known = localStorage.getItem("told");
  localStorage.removeItem("told");
  return known;
}
