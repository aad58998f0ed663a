// Today and tomorrow as the server told them, and as they stand with what this phone did since.

import { toRead, WAITING } from "./outbox.js";
import { ask } from "./server.js";
import { get, put } from "./sealed.js";

/** The day that is kept, or null. */
export const rememberedDay = async (who) => (await get(who, "day"))?.day ?? null;

/**
 * Ask the server for the day; returns `{status, day, receipt}`, `day` only where something changed, `receipt` the newest
 * entry of the ledger, for what is signed next; `{another: true}` where it takes who asks for somebody else. Throws `Unreachable`.
 */
export async function freshDay(who, seconds = 20) {
  const kept = await get(who, "day");
  const answer = await ask("GET", "/v1/field/day", { headers: kept?.etag ? { "If-None-Match": kept.etag } : {}, seconds });
  const [entry, leaf] = (answer.headers.get("zhuanche-receipt") ?? "").split(" ");
  const receipt = leaf ? { entry, leaf } : null;
  if (answer.status !== 200 || !answer.body?.trips) return { status: answer.status, receipt };
  if (answer.body.bureau_id !== who.bureau || answer.body.person.person_id !== who.person) return { another: true };
  const { boundary, ...told } = answer.body;
  const day = { ...told, trips: told.trips.map(tripOf), answered_ms: Date.now() };
  await put(who, "day", { day, etag: answer.headers.get("etag") });
  return { status: 200, day, receipt };
}

/** A trip as the screens take it, of what the server told. Pure. */
function tripOf({ jobs, stops, vehicle, ...trip }) {
  return {
    ...trip,
    vehicle: { ...vehicle, odometer_m: vehicle.last_reading?.odometer_m ?? null },
    jobs: jobs.map(({ complaint, ...job }) => ({
      ...job,
      complaint_number: complaint?.number ?? "",
      claim: complaint?.claim ?? "",
      facts: complaint?.facts ?? "",
      parties: complaint?.parties ?? [],
      done: job.state !== "open",
      ...visited(stops.filter((stop) => stop.job_id === job.job_id)),
    })),
  };
}

/** When a job's site was reached, and left again; `stops` are the job's in the order they happened. */
function visited(stops) {
  const last = (what) => stops.findLast((stop) => stop.what === what)?.stated_at ?? null;
  const [arrived, left] = [last("arrive"), last("leave")];
  return { arrived_at: arrived, left_at: left && (!arrived || Date.parse(left) >= Date.parse(arrived)) ? left : null };
}

/** Seconds by which this phone's clock is ahead of the server's, as the day's answer showed. Pure. */
export const skewOf = (day) => (day.answered_ms - Date.parse(day.now)) / 1000;

const STANDING = new Set(["kept", "sent", "confirmed", "parked", "conflict"]);

/**
 * The trips with what this phone did since the server told them: a departure that waits has departed here. Pure.
 * What was refused changes nothing.
 */
export function asItStands(trips, acts) {
  const standing = trips.map((trip) => ({
    ...trip,
    vehicle: { ...trip.vehicle },
    jobs: trip.jobs.map((job) => ({ ...job, noted: [] })),
    waits: 0,
    refused: [],
  }));
  const byId = new Map(standing.map((trip) => [trip.trip_id, trip]));
  for (const act of acts) {
    const trip = byId.get(act.payload.trip);
    if (!trip) continue;
    if (toRead(act)) trip.refused.push(act);
    if (WAITING.has(act.state)) trip.waits += 1;
    if (!STANDING.has(act.state)) continue;
    apply(trip, act);
    const shown = act.payload.body.reading?.odometer_m ?? 0;
    for (const { vehicle } of standing) {
      if (vehicle.vehicle_id === trip.vehicle.vehicle_id) vehicle.odometer_m = Math.max(vehicle.odometer_m ?? 0, shown) || null;
    }
  }
  return standing;
}

function apply(trip, { at, payload: { act, body, id } }) {
  const job = trip.jobs.find((one) => one.job_id === body.job_id);
  const when = body.stated_at ?? new Date(at).toISOString();
  if (act === "depart" && trip.state === "approved") {
    trip.state = "departed";
    trip.departed_at = when;
  } else if ((act === "return" || act === "break-down") && trip.state === "departed") {
    trip.state = "returned";
    trip.returned_at = when;
  } else if (act === "stop" && job) {
    if (body.what === "arrive") Object.assign(job, { arrived_at: when, left_at: null });
    else job.left_at = when;
  } else if (act === "note" && job) {
    if (!job.noted.includes(body.note_id)) job.noted.push(body.note_id);
    job.result = body.result;
  } else if (act === "another-job" && !job) {
    trip.jobs.push(ofBody(body, id));
  }
}

/** A job that was taken on the spot, before the server tells of it. */
function ofBody({ job_id, complaint_id, complaint, job }, id) {
  return {
    job_id,
    complaint_id,
    complaint_number: "",
    site: job.site,
    parties: [
      { side: "complainant", name: complaint.complainant.name },
      { side: "respondent", name: complaint.respondent.name },
    ],
    claim: complaint.claim,
    facts: complaint.facts,
    done: false,
    window_from: job.window.start_at,
    window_until: job.window.end_at,
    due_on: null,
    arrived_at: null,
    left_at: null,
    noted: [],
    act: id,
  };
}

/** Whether a person of these roles writes notes: the officer, and nobody else. Pure. */
export const writesNotes = (roles) => roles.includes("officer");

const REGISTRARS = ["officer", "dispatcher", "desk_chief"];

/** Whether a person of these roles takes complaints down. Pure. */
export const takesComplaints = (roles) => roles.some((role) => REGISTRARS.includes(role));

/** What of a trip a person of these roles can do next: `depart`, `arrive`, `note`, `leave`, `return`, or null, with its job. Pure. */
export function nextStep(trip, roles) {
  if (trip.state === "approved") return { step: "depart" };
  if (trip.state !== "departed") return { step: null };
  const at = trip.jobs.find((job) => job.arrived_at && !job.left_at);
  if (at) return at.noted.length || at.done || !writesNotes(roles) ? { step: "leave", job: at } : { step: "note", job: at };
  const ahead = trip.jobs.find((job) => !job.arrived_at && !job.noted.length && !job.done);
  return ahead ? { step: "arrive", job: ahead } : { step: "return" };
}

/** How the window of a trip stands to an instant: `early`, `open`, `missed`, with the grace counted in. Pure. */
export function windowAt(trip, now) {
  const grace = (trip.grace_s ?? 0) * 1000;
  if (now < Date.parse(trip.planned_from) - grace) return "early";
  return now > Date.parse(trip.planned_until) + grace ? "missed" : "open";
}
