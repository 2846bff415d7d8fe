// AWS credentials of whoever signed in: an hour's, in memory, asked for anew before they end.
import { Problem } from "../problem.js";
import { askCognito } from "./ask_cognito.js";
import { forget, renew, sameSignIn, tokens } from "./sign_in.js";

const SOON = 5 * 60 * 1000;

let held = null;
let asking = null;

/** Returns accessKeyId, secretAccessKey and sessionToken; calls at one time share one answer. */
export async function credentials(signIn) {
  if (held && held.ends - Date.now() > SOON) return held;
  asking ??= ask(signIn).finally(() => {
    asking = null;
  });
  return asking;
}

/** Forgets who signed in, here and in this tab. */
export function leave() {
  held = null;
  forget();
}

async function ask(signIn) {
  const requireSignIn = sameSignIn();
  try {
    if ((tokens()?.ends ?? 0) - Date.now() < SOON) await renew(signIn);
    const Logins = { [signIn.user_pool]: tokens().id_token };
    const { IdentityId } = await cognito(signIn, "GetId", {
      IdentityPoolId: signIn.identity_pool,
      Logins,
    });
    const { Credentials: found } = await cognito(signIn, "GetCredentialsForIdentity", {
      IdentityId,
      Logins,
    });
    requireSignIn();
    held = {
      accessKeyId: found.AccessKeyId,
      secretAccessKey: found.SecretKey,
      sessionToken: found.SessionToken,
      ends: found.Expiration * 1000,
    };
    return held;
  } catch (error) {
    if (error.status === 401) {
      leave();
      dispatchEvent(new Event("signed-out"));
    }
    throw error;
  }
}

async function cognito({ identity }, action, asked) {
  const { response, found } = await askCognito(identity, {
    headers: {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": `AWSCognitoIdentityService.${action}`,
    },
    body: JSON.stringify(asked),
  });
  if (response.ok) return found;
  throw new Problem({
    // Of a token that ended, or of a person who was taken out of the pool.
    status: /NotAuthorized/.test(found.__type) ? 401 : 503,
    title: "Cognito gave no credentials",
    detail: String(found.message ?? ""),
    move: "Sign in again; where that does not help, ask the owner of the stack.",
  });
}
