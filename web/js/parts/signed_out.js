// What somebody sees who has not signed in to the hosted page.
import { goToLogin } from "../account/sign_in.js";
import { plain } from "../format.js";
import { html, useState } from "../lib.js";
import { asProblem } from "../load.js";
import { settings } from "../settings.js";
import { Failure, Heading } from "./states.js";

export function SignedOut({ because }) {
  const [problem, setProblem] = useState(because);
  const signIn = () => goToLogin(settings.sign_in).catch((error) => setProblem(asProblem(error)));
  return html`<div class="top">
    <header class="bar">
      <span class="brand">Thriftline</span>
      <p class="where">${plain(settings.stack)} <span class="soft">${plain(settings.region)}</span></p>
    </header>
  </div>
  <main id="main" class="page" tabindex="-1">
    <${Heading}>Sign in<//>
    ${problem && html`<${Failure} problem=${problem} />`}
    <div class="empty">
      <p>This page shows what runs, what it costs and what waits for a yes. Who runs the stack invites you by mail; the mail has your first password.</p>
      <div class="buttons"><button type="button" class="filled" onClick=${signIn}>Sign in</button></div>
    </div>
  </main>`;
}
