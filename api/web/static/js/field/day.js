// Today and tomorrow as the server told them, and as they stand with what this phone did since.

import { ask } from "./server.js";
import { get, put } from "./sealed.js";

/** The day that is kept, or null. */
export const rememberedDay = async (who) => (await get(who, "day"))?.day ?? null;

/** Ask the server for the day; returns it, or null where nothing changed. Throws `Unreachable`. */
export async function freshDay(who, seconds = 20) {
  const kept = await get(who, "day");
  const sent = Date.now();
  const answer = await ask("GET", "/v1/field/day", { headers: kept?.etag ? { "If-None-Match": kept.etag } : {}, seconds });
  if (answer.status === 304) return null;
  if (answer.status !== 200) return { status: answer.status };
  const day = { ...answer.body, asked_ms: sent, answered_ms: Date.now() };
  await put(who, "day", { day, etag: answer.headers.get("etag") });
  return { status: 200, day };
}

/** Seconds by which this phone's clock is ahead of the server's, as the day's answer showed. Pure. */
export function skewOf(day) {
  return (day.answered_ms - Date.parse(day.server_time)) / 1000;
}

const STANDING = new Set(["kept", "sent", "confirmed", "parked", "conflict"]);

/**
 * The trips with what this phone did since the server told them: a departure that waits has departed here. Pure.
 * What was refused changes nothing.
 */
export function asItStands(trips, acts) {
  const standing = trips.map((trip) => ({
    ...trip,
    jobs: trip.jobs.map((job) => ({ ...job, arrived_at: job.arrived_at ?? null, left_at: job.left_at ?? null, noted: [...(job.notes ?? [])] })),
    waits: 0,
    refused: [],
  }));
  const byId = new Map(standing.map((trip) => [trip.trip_id, trip]));
  for (const act of acts) {
    const trip = byId.get(act.payload.trip);
    if (!trip) continue;
    if (act.state === "refused" || act.state === "conflict") trip.refused.push(act);
    if (act.state !== "confirmed") trip.waits += 1;
    if (STANDING.has(act.state)) apply(trip, act);
  }
  return standing;
}

function apply(trip, { at, payload: { act, body, id } }) {
  const job = trip.jobs.find((one) => one.job_id === body.job_id);
  const when = body.stated_at ?? new Date(at).toISOString();
  if (act === "depart" && trip.state === "approved") {
    trip.state = "departed";
    trip.departed_at = when;
    trip.vehicle = { ...trip.vehicle, odometer_m: body.reading.odometer_m };
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
      { party: "complainant", name: complaint.complainant.name, telephone: complaint.complainant.telephone },
      { party: "respondent", name: complaint.respondent.name, telephone: complaint.respondent.telephone ?? null },
    ],
    claim: complaint.claim,
    window_from: job.window.start_at,
    window_until: job.window.end_at,
    due_on: null,
    arrived_at: null,
    left_at: null,
    noted: [],
    act: id,
  };
}

/** What of a trip can be done next: `depart`, `arrive`, `note`, `return`, or null, with its job. Pure. */
export function nextStep(trip) {
  if (trip.state === "approved") return { step: "depart" };
  if (trip.state !== "departed") return { step: null };
  const at = trip.jobs.find((job) => job.arrived_at && !job.left_at);
  if (at) return at.noted.length ? { step: "leave", job: at } : { step: "note", job: at };
  const ahead = trip.jobs.find((job) => !job.arrived_at && !job.noted.length);
  return ahead ? { step: "arrive", job: ahead } : { step: "return" };
}

/** How the window of a trip stands to an instant: `early`, `open`, `missed`, with the grace counted in. Pure. */
export function windowAt(trip, now) {
  const grace = (trip.grace_s ?? 0) * 1000;
  if (now < Date.parse(trip.planned_from) - grace) return "early";
  return now > Date.parse(trip.planned_until) + grace ? "missed" : "open";
}
