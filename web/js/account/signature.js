// Signature version 4 by the browser's own cryptography, as API Gateway checks it.

const ALGORITHM = "AWS4-HMAC-SHA256";
const PORTS = { "http:": "80", "https:": "443" };
const bytes = new TextEncoder();

/** Encodes text as RFC 3986 does: only letters, digits and `-._~` stay. */
export const encoded = (text) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/**
 * Returns the headers of a signed request, those that were given among them.
 *
 * `url` is the address that the API sees, with its path and query encoded once. `credentials` has
 * accessKeyId, secretAccessKey and, of a session, sessionToken; `now` is a Date.
 */
export async function signedHeaders({
  method,
  url,
  headers = {},
  body = "",
  credentials,
  region,
  service,
  now,
}) {
  const time = now.toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = [time.slice(0, 8), region, service, "aws4_request"];
  const sent = { ...headers, "X-Amz-Date": time };
  if (credentials.sessionToken) sent["X-Amz-Security-Token"] = credentials.sessionToken;
  const { host, path, query } = parts(url);
  const names = canonicalHeaders({ ...sent, Host: host });
  const signedNames = names.map(([name]) => name).join(";");
  const request = [
    method.toUpperCase(),
    canonicalPath(path),
    canonicalQuery(query),
    ...names.map(([name, value]) => `${name}:${value}`),
    "",
    signedNames,
    await digest(body),
  ].join("\n");
  const toSign = [ALGORITHM, time, scope.join("/"), await digest(request)].join("\n");
  const signature = hex(await keyed(await signingKey(credentials.secretAccessKey, scope), toSign));
  const credential = [credentials.accessKeyId, ...scope].join("/");
  return {
    ...sent,
    Authorization: `${ALGORITHM} Credential=${credential}, SignedHeaders=${signedNames}, Signature=${signature}`,
  };
}

// Not by URL: it would encode anew what must be signed as it is sent.
function parts(url) {
  const [, scheme, authority, path, query = ""] =
    /^(https?:)\/\/([^/?#]+)([^?#]*)(?:\?([^#]*))?/.exec(url);
  const [name, port] = authority.toLowerCase().split(":");
  return { host: port && port !== PORTS[scheme] ? `${name}:${port}` : name, path, query };
}

/** Every service but S3 signs the path encoded twice, without empty segments and dots. */
function canonicalPath(path) {
  const kept = [];
  for (const one of path.split("/")) {
    if (one === "..") kept.pop();
    else if (one && one !== ".") kept.push(encoded(one));
  }
  return `/${kept.join("/")}${kept.length > 0 && path.endsWith("/") ? "/" : ""}`;
}

function canonicalQuery(query) {
  if (query === "") return "";
  const pairs = query.split("&").map((pair) => {
    const [name, value] = pair.split(/=(.*)/s);
    return [name, value ?? ""];
  });
  return pairs
    .sort(byNameThenValue)
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

const canonicalHeaders = (headers) =>
  Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim().replace(/\s+/g, " ")])
    .sort(byNameThenValue);

const byNameThenValue = ([a, x], [b, y]) => order(a, b) || order(x, y);
const order = (a, b) => (a < b ? -1 : Number(a > b));

async function signingKey(secret, scope) {
  let key = bytes.encode(`AWS4${secret}`);
  for (const one of scope) key = await keyed(key, one);
  return key;
}

async function keyed(key, text) {
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, hmac, false, ["sign"]);
  return crypto.subtle.sign("HMAC", imported, bytes.encode(text));
}

const digest = async (text) => hex(await crypto.subtle.digest("SHA-256", bytes.encode(text)));

const hex = (buffer) =>
  Array.from(new Uint8Array(buffer), (one) => one.toString(16).padStart(2, "0")).join("");
