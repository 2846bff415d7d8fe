// Signing in at Cognito's login page: authorization code with PKCE (RFC 7636). This tab keeps the
// tokens, until it is closed or the person signs out.
import { Problem } from "../problem.js";
import { askCognito } from "./ask_cognito.js";

const STARTED = "thriftline-sign-in-started";
const TOKENS = "thriftline-tokens";
const SCOPE = "openid email";
// By these the login page refuses for good; whatever else it answers may pass.
const ENDED = ["invalid_grant", "invalid_request", "unauthorized_client"];

let signOuts = 0;

/** Goes to the login page; it comes back to this page with a code. */
export async function goToLogin({ login, client_id }) {
  const started = { state: randomText(), verifier: randomText(), hash: location.hash };
  sessionStorage.setItem(STARTED, JSON.stringify(started));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(started.verifier));
  const query = new URLSearchParams({
    response_type: "code",
    client_id,
    redirect_uri: ownAddress(),
    scope: SCOPE,
    state: started.state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  });
  location.assign(`${login}/oauth2/authorize?${query}`);
}

/** Whether the address is that of an answer of the login page. */
export const isBack = () => /[?&](code|error)=/.test(location.search);

/** Takes the code out of the address and turns it into tokens. */
export async function comeBack(signIn) {
  const given = new URLSearchParams(location.search);
  const started = JSON.parse(sessionStorage.getItem(STARTED) ?? "null");
  sessionStorage.removeItem(STARTED);
  history.replaceState(null, "", `${location.pathname}${started?.hash ?? ""}`);
  if (!started || given.get("state") !== started.state)
    throw refused("This tab did not ask for this sign-in.");
  if (given.has("error")) throw refused(given.get("error_description") ?? given.get("error"));
  keep(
    await askForTokens(signIn, {
      grant_type: "authorization_code",
      code: given.get("code"),
      redirect_uri: ownAddress(),
      code_verifier: started.verifier,
    }),
  );
}

/** Returns new tokens for the one that lasts; the person is not asked. */
export async function renew(signIn) {
  const { refresh_token } = tokens() ?? {};
  if (!refresh_token) throw refused("The sign-in has ended.");
  const requireSignIn = sameSignIn();
  const found = await askForTokens(signIn, { grant_type: "refresh_token", refresh_token });
  requireSignIn();
  // Cognito sends the lasting one again only where it is another.
  keep({ refresh_token, ...found });
}

/** Returns id_token, refresh_token and the time at which the first ends; null for nobody. */
export const tokens = () => JSON.parse(sessionStorage.getItem(TOKENS) ?? "null");

export function forget() {
  signOuts += 1;
  sessionStorage.removeItem(TOKENS);
}

/** Returns a check for what is asked meanwhile: it throws once the person has signed out. */
export function sameSignIn() {
  const before = signOuts;
  return () => {
    if (signOuts !== before) throw refused("You signed out meanwhile.");
  };
}

/** Makes the lasting token and what came of it worthless; nobody waits for the answer. */
export function revoke({ login, client_id }) {
  const { refresh_token } = tokens() ?? {};
  if (!refresh_token) return;
  fetch(`${login}/oauth2/revoke`, {
    method: "POST",
    body: new URLSearchParams({ client_id, token: refresh_token }),
    // The page is left at once, and reads no answer.
    keepalive: true,
    mode: "no-cors",
    referrerPolicy: "no-referrer",
  }).catch(() => {});
}

/** Ends the session at the login page too, which comes back to this page. */
export function goToLogout({ login, client_id }) {
  const query = new URLSearchParams({ client_id, logout_uri: ownAddress() });
  location.assign(`${login}/logout?${query}`);
}

/** The address that the person signed in with, to be shown; the API does not believe it. */
export function ownName() {
  const payload = tokens()?.id_token.split(".")[1] ?? "";
  try {
    const text = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(text, (one) => one.charCodeAt(0));
    return String(JSON.parse(new TextDecoder().decode(bytes)).email ?? "");
  } catch {
    return "";
  }
}

async function askForTokens({ login, client_id }, asked) {
  const body = new URLSearchParams({ client_id, ...asked });
  const { response, found } = await askCognito(`${login}/oauth2/token`, { body });
  if (response.ok && found.id_token) return found;
  if (response.status === 400 && ENDED.includes(found.error)) throw refused(found.error);
  throw new Problem({
    status: 503,
    title: "Cognito gave no sign-in",
    detail: String(found.error ?? ""),
    move: "Wait a few seconds, then try again.",
  });
}

function keep({ id_token, refresh_token, expires_in }) {
  const ends = Date.now() + 1000 * expires_in;
  sessionStorage.setItem(TOKENS, JSON.stringify({ id_token, refresh_token, ends }));
}

const refused = (detail) =>
  new Problem({
    status: 401,
    title: "You are not signed in",
    detail: detail === "invalid_grant" ? "The sign-in has ended." : detail,
    move: "Sign in again.",
  });

// As it is registered: the page's own address, which ends with a slash.
const ownAddress = () => `${location.origin}/`;

const randomText = () => base64url(crypto.getRandomValues(new Uint8Array(48)));

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
