// What stands where data will be, is not, or could not be had.
import { html, useEffect, useRef } from "../lib.js";
import { counted, list, plain } from "../format.js";

/** A problem as sentences: what happened, why, and what to do. */
export function Failure({ problem, retry, compact = false }) {
  const details = [problem.detail, ...problem.errors].filter(Boolean);
  return html`<div class=${compact ? "failure compact" : "failure"} role="alert">
    <p class="what"><strong>${plain(problem.title)}.</strong> ${details.map((one) => html`<span>${plain(one)} </span>`)}</p>
    <p class="move">${problem.move}</p>
    ${retry && html`<button type="button" onClick=${retry}>Try again</button>`}
  </div>`;
}

export const Loading = ({ isSlow, what }) => html`<div class="waiting" aria-busy="true">
  <p>Loading ${what}…</p>
  ${isSlow && html`<p class="soft" role="status">This takes longer than usual; the stack may be starting. It goes on.</p>`}
  <div class="bones" aria-hidden="true"><i></i><i></i><i></i></div>
</div>`;

/** What a list could not read, each with what to do. An older stack does not say it. */
export const Unreadable = ({ of, what }) =>
  list(of).length > 0 &&
  html`<div class="stale" role="status">
    <p><strong>Of ${counted(list(of).length, what)} not all can be read.</strong></p>
    <ul>${list(of).map((one) => html`<li>${plain(one?.problem)} ${plain(one?.fix)}</li>`)}</ul>
  </div>`;

export const Empty = ({ children }) => html`<div class="empty">${children}</div>`;

/**
 * Loading, failed or there: `children` draws the data.
 *
 * One element holds all three: where a part of several elements takes the place of one, this
 * version of Preact moves what stands before it behind it.
 */
export const Loaded = ({ of, what, children }) =>
  html`<div class="loaded">${inside(of, what, children)}</div>`;

function inside(of, what, children) {
  if (of.data) {
    return html`${of.problem && html`<${Stale} of=${of} />`}${children(of.data)}`;
  }
  if (of.problem) return html`<${Failure} problem=${of.problem} retry=${of.reload} />`;
  return html`<${Loading} isSlow=${of.isSlow} what=${what} />`;
}

const Stale = ({ of }) => html`<div class="stale" role="status">
  <p>What is shown may be old: ${plain(of.problem.title)}. ${of.problem.move}</p>
  <button type="button" onClick=${of.reload}>Try again</button>
</div>`;

/** The page's heading: it takes the focus when another page opens. */
export function Heading({ children, kicker }) {
  const own = useRef(null);
  useEffect(() => {
    document.title = `${own.current.textContent} - Thriftline`;
    // Only what moved here by the keyboard or a link moves the focus, not the first load.
    if (document.body.dataset.moved) own.current.focus({ preventScroll: true });
    document.body.dataset.moved = "yes";
  }, []);
  return html`<header class="heading">
    ${kicker && html`<p class="kicker">${kicker}</p>`}
    <h1 tabindex="-1" ref=${own}>${children}</h1>
  </header>`;
}
