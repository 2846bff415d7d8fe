// What is around every page: who and where, the dollars, the menu.
import { leave } from "../account/credentials.js";
import { goToLogout, ownName, revoke } from "../account/sign_in.js";
import { plain } from "../format.js";
import { html } from "../lib.js";
import { address } from "../router.js";
import { isHosted, settings } from "../settings.js";
import { MoneyLine, useBudget } from "./money_line.js";
import { Name } from "./text.js";

const MENU = [
  ["runs", "Runs"],
  ["approvals", "Approvals"],
  ["models", "Models"],
  ["endpoints", "Endpoints"],
  ["audits", "Audits"],
  ["findings", "Findings"],
  ["restores", "Restores"],
  ["budget", "Budget"],
];

export function Frame({ here, children }) {
  const budget = useBudget();
  return html`<a class="skip" href="#main" onClick=${toMain}>Skip to the content</a>
  <div class="top">
    <header class="bar">
      <a class="brand" href=${address(["runs"])}>Thriftline</a>
      <${Where} />
    </header>
    <${MoneyLine} budget=${budget} />
    <nav class="menu" aria-label="Pages">
      <ul>
        ${MENU.map(([key, name]) => html`<li><a href=${address([key])} aria-current=${here === key ? "page" : undefined}>${name}${key === "approvals" && html`<${Waiting} of=${budget.data?.waiting_for_approval} />`}</a></li>`)}
      </ul>
    </nav>
  </div>
  <main id="main" tabindex="-1">${children}</main>`;
}

const Waiting = ({ of }) =>
  Number.isInteger(of) &&
  of > 0 &&
  html` <span class="badge warn">${of}<span class="unseen"> waiting</span></span>`;

// The address is the route, so a link to an anchor must not change it.
function toMain(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

/** Which stack this is, for nobody should act on the wrong account; and who is signed in. */
function Where() {
  const place = settings.is_embedded ? "embedded AWS on this machine" : settings.region;
  return html`<p class="where">${plain(settings.stack)} <span class="soft">${plain(place)}</span>${isHosted() && html`<${Who} />`}</p>`;
}

function Who() {
  const signOut = () => {
    revoke(settings.sign_in);
    leave();
    goToLogout(settings.sign_in);
  };
  return html` <span class="who"><${Name} of=${ownName()} /> <button type="button" class="link" onClick=${signOut}>Sign out</button></span>`;
}
