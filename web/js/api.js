// The API behind the page's own origin; who serves the page signs each call.
import { nonsense, problemOf, tooSlow, unreachable } from "./problem.js";

const BASE = "api";
const LONGEST_SECONDS = 30;

/** Returns a key by which a repeated request has its effect once. */
export const newKey = () => crypto.randomUUID();

export const get = (path, signal) => send("GET", path, { signal });

/** Changes something. The same key again has no second effect. */
export const change = (method, path, body, key) => send(method, path, { body, key });

async function send(method, path, { body, key, signal }) {
  const timer = new AbortController();
  const timeout = setTimeout(() => timer.abort(), LONGEST_SECONDS * 1000);
  signal?.addEventListener("abort", () => timer.abort());
  try {
    const response = await fetch(BASE + path, {
      method,
      headers: headersOf(method, body, key),
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: timer.signal,
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
    });
    return answerOf(response.status, response.ok, await response.text());
  } catch (error) {
    if (error.name === "AbortError") throw signal?.aborted ? error : tooSlow(LONGEST_SECONDS);
    throw error instanceof TypeError ? unreachable() : error;
  } finally {
    clearTimeout(timeout);
  }
}

function headersOf(method, body, key) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-Thriftline"] = "page";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  return headers;
}

function answerOf(status, ok, text) {
  let body = null;
  try {
    body = text === "" ? {} : JSON.parse(text);
  } catch {
    throw nonsense(status);
  }
  if (!ok) throw problemOf(status, body);
  if (!body || typeof body !== "object" || Array.isArray(body)) throw nonsense(status);
  return body;
}

/** Returns a path of the API with its parts encoded and its empty query members left out. */
export function path(parts, query = {}) {
  const set = Object.entries(query).filter(([, value]) => value !== "" && value != null);
  const search = new URLSearchParams(set).toString();
  return `/${parts.map(encodeURIComponent).join("/")}${search && `?${search}`}`;
}

/** Only a path of the API is followed; whatever else an answer holds is none. */
export const documentAddress = (href) =>
  /^\/[A-Za-z0-9][A-Za-z0-9._%/-]*$/.test(href ?? "") ? `${BASE}${href}` : undefined;
