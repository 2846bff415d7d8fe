// Every failure becomes a problem: one sentence that says what happened, one that says what to do.
import { isHosted } from "./settings.js";

const MOVES = {
  400: "The page asked for something that this API does not read. Reload the page; where that does not help, page and stack are of different versions.",
  401: "Sign in again (for example: aws sso login), then start thriftline ui again.",
  403: "Ask the owner of the stack for its read policy (to look) or its operate policy (to act), or for a place in ProjectMembers.",
  404: "It may have been deleted, or it is of a project that is not yours. Go back to the list.",
  409: "Somebody or something was faster. Reload to see how it stands now.",
  412: "It changed after you looked. Reload, look again, then repeat.",
  413: "Send less at once.",
  415: "The page sent another form than this API reads: they are of different versions.",
  422: "Change what is named and try again.",
  429: "Too many requests for now. Wait a few seconds, then try again.",
  501: "This stack cannot do it. The sentence above says why.",
  502: "The stack did not answer. Look at its logs in CloudWatch, then try again.",
  503: "The stack is busy. Wait a few seconds, then try again.",
  504: "It took too long. It may still happen: reload before you repeat it.",
};

// Where a reader signs in at the page itself.
const HOSTED_MOVES = {
  401: "Sign in again.",
  403: "Ask the owner of the stack for a place in the group operators (to act: thriftline page invite ADDRESS --operate), or in ProjectMembers.",
};

// API Gateway's own words: for a path that it does not have, signed or not, and for signatures.
const NO_ROUTE = /Missing Authentication Token/;
const CLOCK = /Signature expired|Signature not yet current/i;
const SIGNATURE = /signature we calculated does not match|security token included in the request/i;
const NEWER =
  "The stack's API has no such route, so it is older than this page. Deploy the newest template.";
const SET_CLOCK = "The clock of this device is wrong by some minutes. Set it, then try again.";
const SIGN_ANEW = "Reload the page; where that does not help, sign out and in again.";

export class Problem extends Error {
  constructor({ status = 0, title, detail = "", errors = [], move }) {
    super(detail || title);
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.errors = errors;
    this.move = move ?? moveOf(status);
  }
}

const moveOf = (status) =>
  (isHosted() && HOSTED_MOVES[status]) ||
  MOVES[status] ||
  "Try again; where it stays, look at the stack's logs.";

export const unreachable = () =>
  isHosted()
    ? new Problem({
        title: "There is no answer",
        move: "Look at your connection to the Internet, then try again.",
      })
    : new Problem({
        title: "The page's own server does not answer",
        move: "It may have been stopped. Start thriftline ui again and open the address that it prints.",
      });

export const tooSlow = (seconds) =>
  new Problem({
    status: 504,
    title: `No answer after ${seconds} seconds`,
    move: "The stack may be starting. Try again; what you asked for may still happen, and a repeat has the same effect once.",
  });

export const nonsense = (status, detail = "") =>
  new Problem({
    status,
    title: "The answer cannot be read",
    detail,
    move: "Something between this page and the API answered in its place, or page and stack are of different versions. Nothing was changed by reading it.",
  });

// A document of another version stays what it is, however often somebody looks.
const UNREAD = "urn:thriftline:problem:unread";
const UNREAD_MOVE = "To reload does not help. Do what the sentence above says.";

/** Turns a problem document (RFC 9457) into a Problem; other bodies are nonsense. */
export function problemOf(status, body) {
  if (!body || typeof body !== "object" || Array.isArray(body)) return nonsense(status);
  // API Gateway's own errors have a message alone.
  const title = text(body.title) || text(body.message) || `The API answered ${status}`;
  const errors = Array.isArray(body.errors) ? body.errors : [];
  const isUnread = body.type === UNREAD;
  const fix = isUnread ? text(body.fix) : "";
  const detail = text(body.detail);
  return new Problem({
    status,
    title,
    move: fix || (isUnread ? UNREAD_MOVE : moveOfGateway(`${title} ${detail}`)),
    detail: fix && detail.endsWith(fix) ? detail.slice(0, -fix.length).trim() : detail,
    errors: errors.map((one) => [text(one?.pointer), text(one?.detail)].filter(Boolean).join(": ")),
  });
}

/** Returns what to do about an error of API Gateway's own; undefined for others. */
function moveOfGateway(words) {
  if (NO_ROUTE.test(words)) return NEWER;
  if (CLOCK.test(words)) return SET_CLOCK;
  return isHosted() && SIGNATURE.test(words) ? SIGN_ANEW : undefined;
}

const text = (value) => (typeof value === "string" ? value : "");
