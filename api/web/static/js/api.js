// How pages ask the API: what it refuses is thrown. The phone's app, whose network comes and goes, asks by field/server.js.
import { isJson, request } from "./request.js";

/** What the service answered in place of success: RFC 9457 problem details in `problem`. */
export class Problem extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || String(status));
    this.status = status;
    this.problem = problem;
  }
}

const PATIENCE_MS = 30_000;
const PATIENCE_WITH_FILES_MS = 300_000;

/** When to wait no longer: a connection that stalls would else hold a button for minutes. */
function patience(body, signal) {
  const over = AbortSignal.timeout(body instanceof Blob ? PATIENCE_WITH_FILES_MS : PATIENCE_MS);
  return signal ? AbortSignal.any([signal, over]) : over;
}

/**
 * Ask the API and return its answer: JSON read, null for none, a Blob for anything else.
 * @param {string} method
 * @param {string} path
 * @param {object|Blob|string|null} body JSON unless it is a Blob or a text with `type`
 * @param {{key?: string, type?: string, signal?: AbortSignal, headers?: object}} how `key`: the Idempotency-Key
 * @throws {Problem} the service refused. @throws {TypeError} it could not be reached.
 * @throws {DOMException} `TimeoutError`: it did not answer in time, and may have done it all the same.
 */
export async function api(method, path, body = null, how = {}) {
  const plain = body === null || body instanceof Blob || how.type !== undefined;
  const answer = await request(method, path, {
    ...(plain ? { body, type: how.type ?? body?.type } : { json: body }),
    headers: how.key ? { ...how.headers, "Idempotency-Key": how.key } : how.headers,
    signal: patience(body, how.signal),
  });
  if (!answer.ok) {
    const problem = isJson(answer) ? await answer.json().catch(() => ({})) : {};
    throw new Problem(answer.status, problem);
  }
  if (answer.status === 204) return null;
  return isJson(answer) ? answer.json() : answer.blob();
}
