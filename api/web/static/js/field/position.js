// Where the phone is: once for a note, and all along while this page is open on a trip.

import { keepFixes } from "./fixes.js";

const EVERY_MS = 10_000;
const BATCH = 6;
const LATELY_MS = 120_000;

/** A position as `/v1` takes it, or null with `why`: "denied", "unavailable" or "timeout". */
export function here({ seconds = 15, oldest = 10 } = {}) {
  return new Promise((resolve) => {
    if (!navigator.geolocation) {
      resolve({ place: null, why: "unavailable" });
      return;
    }
    navigator.geolocation.getCurrentPosition(
      (found) => resolve({ place: placeOf(found), why: null }),
      (fault) => (fault.code === 1 ? resolve({ place: null, why: "denied" }) : resolve(lately(fault.code))),
      { enableHighAccuracy: true, timeout: seconds * 1000, maximumAge: oldest * 1000 },
    );
  });
}

/** Where the phone was within the last two minutes, where it cannot tell now: `fixed_at` says when that was. */
function lately(code) {
  return new Promise((resolve) => {
    navigator.geolocation.getCurrentPosition(
      (found) => resolve({ place: placeOf(found), why: null }),
      () => resolve({ place: null, why: code === 2 ? "unavailable" : "timeout" }),
      { timeout: 500, maximumAge: LATELY_MS },
    );
  });
}

/** Degrees with accuracy, as a note carries them. The Geolocation API gives WGS-84, and never says whether it is a mock. */
function placeOf({ coords, timestamp }) {
  return {
    lat: coords.latitude,
    lon: coords.longitude,
    datum: "WGS-84",
    accuracy_m: Math.min(100_000, coords.accuracy),
    fixed_at: new Date(timestamp).toISOString(),
  };
}

/** Metres between two places, on a sphere: to show how far a site is, and nothing else. */
export function apart(one, other) {
  const [a, b] = [one.lat, other.lat].map((degrees) => (degrees * Math.PI) / 180);
  const across = ((other.lon - one.lon) * Math.PI) / 180;
  const half = Math.sin((b - a) / 2) ** 2 + Math.cos(a) * Math.cos(b) * Math.sin(across / 2) ** 2;
  return 2 * 6_371_008 * Math.asin(Math.sqrt(half));
}

/** Follows the phone while a trip is out and this page is in sight; keeps the screen awake where it may. */
export class Following {
  #watch = null;
  #lock = null;
  #fixes = [];
  #last = 0;

  constructor(who, changed) {
    this.who = who;
    this.changed = changed;
    this.state = "off"; // on | denied | off
    this.seen = () => {
      if (document.visibilityState === "visible") this.#awake();
      else this.#flush();
    };
  }

  start() {
    if (this.#watch !== null || !navigator.geolocation) return;
    this.#watch = navigator.geolocation.watchPosition(
      (found) => this.#take(found),
      (fault) => {
        if (fault.code === 1) this.#tell("denied");
      },
      { enableHighAccuracy: true, maximumAge: 0 },
    );
    document.addEventListener("visibilitychange", this.seen);
    this.#awake();
  }

  stop() {
    if (this.#watch === null) return;
    navigator.geolocation.clearWatch(this.#watch);
    document.removeEventListener("visibilitychange", this.seen);
    this.#watch = null;
    this.#lock?.release();
    this.#lock = null;
    this.#flush();
    this.#tell("off");
  }

  #take(found) {
    this.#tell("on");
    if (found.timestamp - this.#last < EVERY_MS) return;
    this.#last = found.timestamp;
    const { lat, lon, accuracy_m, fixed_at } = placeOf(found);
    const fix = { fixed_at, lat, lon, accuracy_m };
    if (found.coords.speed !== null && found.coords.speed >= 0) fix.speed_mps = found.coords.speed;
    if (Number.isFinite(found.coords.heading)) fix.course_deg = found.coords.heading;
    this.#fixes.push(fix);
    if (this.#fixes.length >= BATCH) this.#flush();
  }

  #flush() {
    const fixes = this.#fixes.splice(0);
    if (fixes.length) keepFixes(this.who, fixes);
  }

  #tell(state) {
    if (state === this.state) return;
    this.state = state;
    this.changed();
  }

  async #awake() {
    try {
      const lock = (await navigator.wakeLock?.request("screen")) ?? null;
      if (this.#watch === null) await lock?.release(); // stopped while it was asked for
      else this.#lock = lock;
    } catch {
      this.#lock = null; // low battery, or not allowed: the page works all the same
    }
  }
}
