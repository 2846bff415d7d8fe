// The first line of every page: what this month costs.
import { plain, runningNow, usd } from "../format.js";
import { html } from "../lib.js";
import { useLoad } from "../load.js";

const EVERY_SECONDS = 30;

/** The month's dollars; the frame and its menu share one answer. */
export const useBudget = () => useLoad("/budget", { every: () => EVERY_SECONDS });

export function MoneyLine({ budget }) {
  const of = budget.data ?? {};
  const blank = budget.data ? null : "…";
  if (budget.problem && !budget.data) {
    return html`<section class="money-line" aria-label="Dollars">
      <p class="failed" role="status">
        <strong>Dollars are unknown.</strong> ${plain(budget.problem.title)}. ${budget.problem.move}
        <button type="button" onClick=${budget.reload}>Try again</button>
      </p>
    </section>`;
  }
  const hint = budget.isSlow ? "still loading" : null;
  return html`<section class="money-line" aria-label="Dollars">
    <dl>
      <${Figure} name="Spent this month" value=${blank ?? usd(of.spent_usd)} aside=${hint ?? (budget.data && `of ${usd(of.cap_usd)}`)} />
      <${Figure} name="Running now" value=${blank ?? runningNow(of)} aside="runs and endpoints" />
      <${Figure} name="Reserved" value=${blank ?? usd(of.held_usd)} aside="held for runs" />
      <${Figure} name="At risk" value=${blank ?? usd(of.at_risk_usd)} aside="worst case of what runs" />
    </dl>
  </section>`;
}

const Figure = ({ name, value, aside }) => html`<div>
  <dt>${name}</dt>
  <dd><b>${value}</b>${aside && html` <span>${aside}</span>`}</dd>
</div>`;
