// What happens in the bureau, as it happens: one stream for a page that is seen, none for one that is hidden.
// docs/live.md has the events. Handlers that are not given are not missed.

const KINDS = ["hello", "fix", "trip", "upkeep", "job", "finding", "inbox", "reload"];
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Listen until the returned function is called.
 * @param {Object<string, function(Object): void>} handlers by event: fix, trip, upkeep, job, finding, inbox, reload;
 *   also `state`, told "open", "waiting" or "ended" (the session is over) as the connection changes.
 * @returns {function(): void} stops listening.
 */
export function live(handlers, address = "/v1/live") {
  const shown = new Map(); // by vehicle: when the fix was made that is shown
  let source = null;
  let lastId = null;
  let waitMs = FIRST_WAIT_MS;
  let timer = 0;
  let stopped = false;

  const tell = (kind, data) => handlers[kind]?.(data);

  function heard(kind, event) {
    lastId = event.lastEventId || lastId;
    const data = JSON.parse(event.data);
    if (kind === "hello") {
      waitMs = FIRST_WAIT_MS;
      tell("state", "open");
      return;
    }
    if (kind === "fix") {
      const at = Date.parse(data.at);
      if (at < (shown.get(data.vehicle_id) ?? -Infinity)) return;
      shown.set(data.vehicle_id, at);
    }
    tell(kind, data);
  }

  function open() {
    clearTimeout(timer);
    if (stopped || source || document.hidden) return;
    source = new EventSource(lastId ? `${address}?after=${encodeURIComponent(lastId)}` : address);
    for (const kind of KINDS) source.addEventListener(kind, (event) => heard(kind, event));
    source.onerror = () => lost();
  }

  function close() {
    source?.close();
    source = null;
  }

  // A browser tries again by itself after a broken stream, but never after a problem (401, 503): so this does, in both
  // cases, each time after twice as long and never all boards at once.
  async function lost() {
    close();
    if (stopped || document.hidden) return;
    tell("state", "waiting");
    if (await isOver()) {
      tell("state", "ended");
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(open, waitMs * (0.5 + Math.random() / 2));
    waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
  }

  async function isOver() {
    try {
      return (await fetch("/v1/session", { headers: { Accept: "application/json" } })).status === 401;
    } catch {
      return false;
    }
  }

  function seenOrHidden() {
    if (document.hidden) {
      clearTimeout(timer);
      close();
    } else {
      waitMs = FIRST_WAIT_MS;
      open();
    }
  }

  document.addEventListener("visibilitychange", seenOrHidden);
  addEventListener("online", open);
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
  return () => {
    stopped = true;
    clearTimeout(timer);
    close();
    document.removeEventListener("visibilitychange", seenOrHidden);
    removeEventListener("online", open);
    removeEventListener("pagehide", close);
    removeEventListener("pageshow", open);
  };
}
