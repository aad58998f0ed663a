// Asking the server from where the network comes and goes: with a limit of time, and no answer told apart from a refusal.

import { locale } from "../language.js";

/** No answer came: no network, or the server is away. What is sent is sent again later. */
export class Unreachable extends Error {}

let heardAt = -Infinity;

/** Whether the server answered within so many seconds. */
export const heardWithin = (seconds) => performance.now() - heardAt < seconds * 1000;

/**
 * Ask the server; returns `{status, headers, body}`, the body read as JSON where it is JSON.
 * Throws `Unreachable` where no answer comes in time.
 */
export async function ask(method, path, { json, body, type, headers = {}, seconds = 20, credentials = "same-origin" } = {}) {
  const sent = { Accept: "application/json", "Accept-Language": locale, "X-Zhuanche-Page": "1", ...headers };
  if (json !== undefined) sent["Content-Type"] = "application/json";
  if (type) sent["Content-Type"] = type;
  try {
    const answer = await fetch(path, {
      method,
      headers: sent,
      body: json === undefined ? body : JSON.stringify(json),
      credentials,
      cache: "no-store",
      signal: AbortSignal.timeout(seconds * 1000),
    });
    const kind = answer.headers.get("content-type") ?? "";
    const read = kind.includes("json") ? await answer.json() : await answer.arrayBuffer();
    heardAt = performance.now();
    return { status: answer.status, headers: answer.headers, body: read };
  } catch (fault) {
    throw new Unreachable(String(fault), { cause: fault });
  }
}

const AGAIN = new Set([401, 408, 425, 429]);

/** Whether sending again can help: a fault of the server, of the session, or too many requests. */
export const again = (status) => status >= 500 || AGAIN.has(status);
