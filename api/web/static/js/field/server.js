// Asking the server from where the network comes and goes: with a limit of time, and no answer told apart from a refusal.

import { isJson, request } from "../request.js";

/** No answer came: no network, or the server is away. What is sent is sent again later. */
export class Unreachable extends Error {}

let heardAt = -Infinity;

/** Whether the server answered within so many seconds. */
export const heardWithin = (seconds) => performance.now() - heardAt < seconds * 1000;

/**
 * Ask the server as `request` does; returns `{status, headers, body}`, the body read as JSON where it is JSON.
 * Throws `Unreachable` where no answer comes in time.
 */
export async function ask(method, path, { seconds = 20, ...what } = {}) {
  try {
    const answer = await request(method, path, { ...what, signal: AbortSignal.timeout(seconds * 1000) });
    const read = isJson(answer) ? await answer.json() : await answer.arrayBuffer();
    heardAt = performance.now();
    return { status: answer.status, headers: answer.headers, body: read };
  } catch (fault) {
    throw new Unreachable(String(fault), { cause: fault });
  }
}

const AGAIN = new Set([401, 408, 425, 429]);

/** Whether sending again can help: a fault of the server, of the session, or too many requests. */
export const again = (status) => status >= 500 || AGAIN.has(status);
