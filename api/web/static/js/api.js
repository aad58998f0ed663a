// The one way by which pages ask the API: with the session's cookie, in the page's language, and marked as our own.
import { locale } from "./language.js";

/** What the service answered in place of success: RFC 9457 problem details in `problem`. */
export class Problem extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || String(status));
    this.status = status;
    this.problem = problem;
  }
}

/**
 * Ask the API and return its answer: JSON read, null for none, a Blob for anything else.
 * @param {string} method
 * @param {string} path
 * @param {object|Blob|string|null} body JSON unless it is a Blob or a text with `type`
 * @param {{key?: string, type?: string, signal?: AbortSignal, headers?: object}} how `key`: the Idempotency-Key
 * @throws {Problem} the service refused. @throws {TypeError} it could not be reached.
 */
export async function api(method, path, body = null, how = {}) {
  const plain = body === null || body instanceof Blob || how.type !== undefined;
  const headers = { "Accept": "application/json", "Accept-Language": locale, "X-Zhuanche-Page": "1", ...how.headers };
  if (how.key) headers["Idempotency-Key"] = how.key;
  if (body !== null) headers["Content-Type"] = how.type ?? (body instanceof Blob ? body.type : "application/json");
  const answer = await fetch(path, {
    method, headers, body: plain ? body : JSON.stringify(body), signal: how.signal, credentials: "same-origin",
    cache: "no-store",
  });
  const kind = answer.headers.get("content-type") ?? "";
  if (!answer.ok) {
    const problem = kind.includes("json") ? await answer.json().catch(() => ({})) : {};
    throw new Problem(answer.status, problem);
  }
  if (answer.status === 204) return null;
  return kind.includes("json") ? answer.json() : answer.blob();
}
