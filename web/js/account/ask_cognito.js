// One request to Cognito, which is given up where no answer comes.
import { tooSlow, unreachable } from "../problem.js";

const LONGEST_SECONDS = 10;

/** Returns the response, and what its body says; an empty object where that is no JSON. */
export async function askCognito(address, asked) {
  try {
    const response = await fetch(address, {
      ...asked,
      method: "POST",
      cache: "no-store",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(LONGEST_SECONDS * 1000),
    });
    const text = await response.text();
    return { response, found: parsed(text) };
  } catch (error) {
    throw error.name === "TimeoutError" ? tooSlow(LONGEST_SECONDS) : unreachable();
  }
}

function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
