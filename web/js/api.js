// The API behind the page's own origin. Who serves the page signs each call, or else the page does.
import { credentials } from "./account/credentials.js";
import { encoded, signedHeaders } from "./account/signature.js";
import { nonsense, problemOf, tooSlow, unreachable } from "./problem.js";
import { isHosted, settings } from "./settings.js";

const LONGEST_SECONDS = 30;

/** Returns a key by which a repeated request has its effect once. */
export const newKey = () => crypto.randomUUID();

export const get = (path, signal) => send("GET", path, { signal });

/** Changes something. The same key again has no second effect. */
export const change = (method, path, body, key) => send(method, path, { body, key });

/** Returns a document as it is, to be saved. */
export const getDocument = (path) => send("GET", path, {}, documentOf);

async function send(method, path, { body, key, signal }, read = answerOf) {
  const timer = new AbortController();
  const timeout = setTimeout(() => timer.abort(), LONGEST_SECONDS * 1000);
  signal?.addEventListener("abort", () => timer.abort());
  try {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const response = await fetch(settings.api.path + path, {
      method,
      headers: await headersOf(method, path, text, key),
      body: text,
      signal: timer.signal,
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
    });
    return await read(response);
  } catch (error) {
    if (error.name === "AbortError") throw signal?.aborted ? error : tooSlow(LONGEST_SECONDS);
    throw error instanceof TypeError ? unreachable() : error;
  } finally {
    clearTimeout(timeout);
  }
}

async function headersOf(method, path, text, key) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-Thriftline"] = "page";
  if (key) headers["Idempotency-Key"] = key;
  const content = text === undefined ? {} : { "Content-Type": "application/json" };
  if (!isHosted()) return { ...headers, ...content };
  const { api, region, sign_in } = settings;
  const signed = await signedHeaders({
    method,
    url: `${api.origin}/${api.path}${path}`,
    headers: content,
    body: text,
    credentials: await credentials(sign_in),
    region,
    service: "execute-api",
    now: new Date(),
  });
  return { ...headers, ...signed };
}

async function answerOf(response) {
  const text = await response.text();
  let body = null;
  try {
    body = text === "" ? {} : JSON.parse(text);
  } catch {
    throw nonsense(response.status);
  }
  if (!response.ok) throw problemOf(response.status, body);
  if (!body || typeof body !== "object" || Array.isArray(body)) throw nonsense(response.status);
  return body;
}

const documentOf = (response) => (response.ok ? response.blob() : answerOf(response));

/** Returns a path of the API with its parts encoded and its empty query members left out. */
export function path(parts, query = {}) {
  const set = Object.entries(query).filter(([, value]) => value !== "" && value != null);
  // As it is signed: what is encoded in another way would be another request.
  const search = set.map(([name, value]) => `${encoded(name)}=${encoded(String(value))}`).join("&");
  return `/${parts.map(encoded).join("/")}${search && `?${search}`}`;
}

/** Only a path of the API is followed; whatever else an answer holds is none. */
export const documentAddress = (href) =>
  /^\/[A-Za-z0-9][A-Za-z0-9._%/-]*$/.test(href ?? "") ? `${settings.api.path}${href}` : undefined;
