// One run: how it stands now, what it cost, what it learned, what a person may do.
import { path } from "../api.js";
import { caller, list, plain } from "../format.js";
import { html } from "../lib.js";
import { useLoad } from "../load.js";
import { answerApproval } from "../acts/approvals.js";
import { stopRun } from "../acts/runs.js";
import { Action } from "../parts/dialog.js";
import { DocumentLink } from "../parts/document_link.js";
import { Heading, Loaded } from "../parts/states.js";
import { Badge, Facts, Money, Name, When } from "../parts/text.js";
import { address } from "../router.js";
import { isLive, word } from "../words.js";
import { Attempts, Ladder } from "./run_attempts.js";
import { Comparison, Curves, Progress } from "./run_learning.js";
import { Preparation } from "./run_preparation.js";

const EVERY_SECONDS = 4;

export function Run({ id }) {
  const run = useLoad(path(["runs", id]), {
    every: (data) => (data && isLive(data.status) ? EVERY_SECONDS : null),
    check: (data) => typeof data?.run_id === "string",
  });
  return html`
    <${Heading} kicker=${html`<a href=${address(["runs"])}>Runs</a>`}><${Name} of=${id} /><//>
    <${Loaded} of=${run} what="run">${(data) => html`<${Body} run=${data} reload=${run.reload} />`}<//>
  `;
}

function Body({ run, reload }) {
  const result = run.result ?? {};
  const approval = run.approval ?? result.approval;
  return html`
    <section class="verdict">
      <p class="now"><${Badge} of=${run.status} /> ${isLive(run.status) && run.state && html`<span class="soft" aria-live="polite">now: ${plain(run.state)}</span>`}</p>
      <p>${plain(result.reason ?? run.summary ?? "")}</p>
      <${Trouble} error=${result.error} />
      <${Progress} of=${run.progress} />
      ${isWaiting(run, approval) && html`<${Waiting} run=${run} approval=${approval} reload=${reload} />`}
      ${isLive(run.status) && html`<div class="buttons"><${Action} label="Stop this run" danger ask=${stopRun(run)} done=${reload} /></div>`}
    </section>
    <${Dollars} run=${run} result=${result} />
    <${Preparation} of=${run.preparation} result=${result.preparation} />
    <${Curves} progress=${run.progress} training=${result.training} />
    <${Comparison} result=${result} />
    <${Ladder} rungs=${list(result.ladder)} />
    <${Attempts} attempts=${list(run.attempts ?? result.attempts)} />
    <${Data} run=${run} result=${result} approval=${approval} />
    <${Documents} documents=${list(run.documents)} />
  `;
}

const isWaiting = (run, approval) => run.status === "waiting_for_approval" && approval;

const Trouble = ({ error }) =>
  error &&
  html`<div class="failure"><p class="what"><strong>${plain(error.name)}</strong> in ${plain(error.state)}</p><p class="move">${plain(error.message)}</p></div>`;

const Waiting = ({ run, approval, reload }) => {
  const asked = {
    ...approval,
    approval_id: approval.approval_id ?? approval.id ?? run.run_id,
    worst_case_usd: approval.worst_case_usd ?? run.worst_case_usd,
    project: run.project,
  };
  return html`<div class="asks">
    <p><strong>It waits for a person.</strong> The worst case of ${asked.part === "preparation" ? "its preparation" : "the run"} is <${Money} of=${asked.worst_case_usd} />; a person is asked above <${Money} of=${asked.above_usd} />. Without an answer it ends <${When} of=${asked.expires_at} />.</p>
    <div class="buttons">
      <${Action} label="Approve" ask=${answerApproval(asked, true)} done=${reload} />
      <${Action} label="Reject" danger ask=${answerApproval(asked, false)} done=${reload} />
    </div>
  </div>`;
};

const Dollars = ({ run, result }) => html`<section>
  <h2>Dollars</h2>
  <div class="figures">
    <${Figure} name=${isLive(run.status) ? "Cost so far" : "Cost"} value=${html`<${Money} of=${run.cost_usd ?? run.progress?.cost_so_far_usd ?? result.cost?.usd} />`} />
    <${Figure} name="Expected" value=${html`<${Money} of=${run.expected_usd ?? result.plan?.expected_usd} />`} />
    <${Figure} name="Worst case" value=${html`<${Money} of=${run.worst_case_usd ?? result.plan?.worst_case_usd} />`} />
    <${Figure} name="Saved by Spot" value=${isLive(run.status) ? html`<span class="soft">not yet</span>` : html`<${Money} of=${run.saved_usd} />`} />
  </div>
  ${result.plan?.price_source && html`<p class="soft">Prices: ${plain(result.plan.price_source)}, ${plain(result.plan.price_date)}. ${plain(result.plan.expected_reason)}</p>`}
</section>`;

const Figure = ({ name, value }) =>
  html`<div class="figure"><span class="soft">${name}</span><b>${value}</b></div>`;

const Data = ({ run, result, approval }) => html`<section>
  <h2>About</h2>
  <${Facts}
    rows=${[
      ["Project", html`<${Name} of=${run.project} />`],
      ["Data", run.key && html`<${Name} of=${run.key} />`],
      ["Opened", html`<${When} of=${run.opened_at} exact />`],
      ["Ended", run.ended_at && html`<${When} of=${run.ended_at} exact />`],
      ["Trainer", run.trainer && plain(word(run.trainer))],
      ["Base model", result.spec?.base_model && html`<${Name} of=${result.spec.base_model} />`],
      [
        "Rows",
        result.dataset &&
          plain(
            Object.entries(result.dataset.splits ?? {})
              .map(([name, rows]) => `${rows} ${name}`)
              .join(", "),
          ),
      ],
      [
        "Model version",
        run.model_version &&
          html`<a href=${address(["models", run.project])}>${plain(run.model_version)}</a>`,
      ],
      [
        "Approval",
        approval?.answered_by &&
          html`<${Badge} of=${approval.standing} /> by <${Name} of=${caller(approval.answered_by)} />`,
      ],
      ["Execution", run.execution_arn && html`<code><${Name} of=${run.execution_arn} /></code>`],
    ]}
  />
</section>`;

const Documents = ({ documents }) =>
  documents.length > 0 &&
  html`<section>
    <h2>Documents</h2>
    <ul class="documents">
      ${documents.map((one) => html`<li><${DocumentLink} href=${one.href} name=${one.name} /> <span class="soft">${plain(one.content_type)}</span></li>`)}
    </ul>
  </section>`;
