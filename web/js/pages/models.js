// The model versions of a project, compared side by side.
import { answerModel } from "../acts/models.js";
import { path } from "../api.js";
import { caller, count, figure, plain, UNKNOWN } from "../format.js";
import { html } from "../lib.js";
import { isList, useLoad } from "../load.js";
import { Action } from "../parts/dialog.js";
import { Empty, Heading, Loaded } from "../parts/states.js";
import { Badge, Money, Name, When } from "../parts/text.js";
import { address, go } from "../router.js";
import { word } from "../words.js";

const MOST = 4;

const RUN = (id) => id && html`<a href=${address(["runs", id])}><${Name} of=${id} /></a>`;

const ROWS = [
  ["Approval", (one) => html`<${Badge} of=${one.approval_status} />`],
  ["In use", (one) => (one.in_use == null ? UNKNOWN : one.in_use ? "yes, the champion" : "no")],
  ["Accuracy", (one) => figure(one.accuracy)],
  ["Macro F1", (one) => figure(one.macro_f1)],
  ["Test records", (one) => count(one.test_records)],
  ["What the gate said", (one) => plain(one.reason)],
  ["Cost of the run", (one) => html`<${Money} of=${one.cost_usd} />`],
  [
    "Trained on",
    (one) =>
      [one.trainer && word(one.trainer), one.instance_type, one.spot ? "Spot" : ""]
        .filter(Boolean)
        .map(plain)
        .join(", ") || UNKNOWN,
  ],
  ["Base model", (one) => html`<${Name} of=${one.base_model} />`],
  [
    "Run",
    (one) =>
      one.source_run_id
        ? html`<${Name} of=${one.run_id} />, trained again from ${RUN(one.source_run_id)}`
        : RUN(one.run_id),
  ],
  ["Changed", (one) => plain(one.changed)],
  ["Registered by", (one) => plain(caller(one.registered_by))],
  ["Why", (one) => plain(one.why)],
  ["Registered", (one) => html`<${When} of=${one.created_at} exact />`],
];

export function Models({ id, query }) {
  const models = useLoad(path(["projects", id, "models"], { next_token: query.next_token }), {
    check: isList,
  });
  return html`
    <${Heading} kicker=${html`<a href=${address(["models"])}>Models</a>`}><${Name} of=${id} /><//>
    <${Loaded} of=${models} what="versions">
      ${(data) =>
        data.items.length === 0
          ? html`<${Empty}><p>This project has no model yet.</p><//>`
          : html`<${Compared} project=${id} all=${data.items} query=${query} reload=${models.reload} /><${Older} project=${id} token=${data.next_token} />`}
    <//>
  `;
}

const Older = ({ project, token }) =>
  token &&
  html`<nav class="pager" aria-label="More versions"><a class="button" href=${address(["models", project], { next_token: token })}>Older versions</a></nav>`;

function Compared({ project, all, query, reload }) {
  const chosen = chosenOf(all, query.versions);
  const toggle = (version, isOn) => {
    const kept = chosen.map((one) => one.version).filter((one) => one !== version);
    const next = isOn ? [...kept, version].slice(-MOST) : kept;
    go(
      address(["models", project], {
        versions: next.join(",") || "none",
        next_token: query.next_token,
      }),
      { replace: true },
    );
  };
  return html`
    <fieldset class="choices">
      <legend>Versions to compare, ${MOST} at the most</legend>
      ${all.map((one) => html`<label><input type="checkbox" checked=${chosen.includes(one)} onChange=${(event) => toggle(one.version, event.target.checked)} /> version ${plain(one.version)}${one.in_use ? " (in use)" : ""}</label>`)}
    </fieldset>
    ${
      chosen.length === 0
        ? html`<${Empty}><p>Choose a version above.</p><//>`
        : html`<${Side} chosen=${chosen} project=${project} reload=${reload} />`
    }
  `;
}

function chosenOf(all, wanted) {
  if (!wanted) return all.slice(0, Math.min(2, all.length));
  const names = wanted.split(",");
  return all.filter((one) => names.includes(String(one.version)));
}

const Side = ({
  chosen,
  project,
  reload,
}) => html`<div class="scroll" tabindex="0" role="region" aria-label="Versions side by side">
  <table class="side">
    <caption class="unseen">Versions side by side</caption>
    <thead><tr><td></td>${chosen.map((one) => html`<th scope="col">Version ${plain(one.version)}</th>`)}</tr></thead>
    <tbody>
      ${ROWS.map(([name, of]) => html`<tr><th scope="row">${name}</th>${chosen.map((one) => html`<td>${of(one)}</td>`)}</tr>`)}
      <tr><th scope="row">Decide</th>${chosen.map(
        (one) => html`<td><span class="buttons">
        ${acts(one).map((isYes) => html`<${Action} label=${isYes ? "Approve" : "Reject"} name=${`${isYes ? "Approve" : "Reject"} version ${plain(one.version)}`} danger=${!isYes} ask=${answerModel(project, one, isYes)} done=${reload} />`)}
      </span></td>`,
      )}</tr>
    </tbody>
  </table>
</div>`;

/** What may be decided of a version: what it is not already. */
const acts = (one) => {
  const status = String(one.approval_status).toLowerCase();
  return [true, false].filter((isYes) => status !== (isYes ? "approved" : "rejected"));
};
