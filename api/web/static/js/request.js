// The one request that our pages make of the API: in the page's language, with the session's cookie, and marked as our own.
import { locale } from "./language.js";

/**
 * Ask, and return the answer as it comes (a `Response`); what fetch throws is thrown.
 * @param {{json?: any, body?: Blob|string|ArrayBuffer|null, type?: string, headers?: object, signal?: AbortSignal,
 *   credentials?: string}} what `json`: made into JSON; `body`: as it is, of that `type`
 */
export function request(method, path, { json, body, type, headers, signal, credentials = "same-origin" }) {
  const sent = { "Accept": "application/json", "Accept-Language": locale, "X-Zhuanche-Page": "1", ...headers };
  if (json !== undefined) sent["Content-Type"] = "application/json";
  if (type) sent["Content-Type"] = type;
  return fetch(path, {
    method, headers: sent, body: json === undefined ? body : JSON.stringify(json), signal, credentials, cache: "no-store",
  });
}

/** Whether the answer is JSON. */
export const isJson = (answer) => (answer.headers.get("content-type") ?? "").includes("json");
