// The model versions of a project, compared side by side.
import { answerModel } from "../acts/models.js";
import { path } from "../api.js";
import { figure, plain } from "../format.js";
import { html } from "../lib.js";
import { isList, useLoad } from "../load.js";
import { Action } from "../parts/dialog.js";
import { Empty, Heading, Loaded } from "../parts/states.js";
import { Badge, Money, Name, When } from "../parts/text.js";
import { address, go } from "../router.js";
import { word } from "../words.js";

const MOST = 4;
const metric = (one, name) => one.metrics?.[name] ?? one[name];
const inUse = (one) => one.in_use ?? one.is_champion;

const ROWS = [
  ["Approval", (one) => html`<${Badge} of=${one.approval_status ?? one.status} />`],
  ["In use", (one) => (inUse(one) ? "yes, the champion" : "no")],
  ["Accuracy", (one) => figure(number(metric(one, "accuracy"))), "high"],
  ["Macro F1", (one) => figure(number(metric(one, "macro_f1"))), "high"],
  ["Cost of the run", (one) => html`<${Money} of=${one.cost_usd} />`],
  ["Trainer", (one) => plain(word(one.trainer))],
  ["Base model", (one) => html`<${Name} of=${one.base_model} />`],
  [
    "Run",
    (one) =>
      one.run_id && html`<a href=${address(["runs", one.run_id])}><${Name} of=${one.run_id} /></a>`,
  ],
  ["Registered", (one) => html`<${When} of=${one.created_at} exact />`],
];

const number = (value) => (value == null || value === "" ? null : Number(value));

export function Models({ id, query }) {
  const models = useLoad(path(["projects", id, "models"], { limit: 100 }), { check: isList });
  return html`
    <${Heading} kicker=${html`<a href=${address(["models"])}>Models</a>`}><${Name} of=${id} /><//>
    <${Loaded} of=${models} what="versions">
      ${(data) =>
        data.items.length === 0
          ? html`<${Empty}><p>This project has no model yet.</p><//>`
          : html`<${Compared} project=${id} all=${data.items} wanted=${query.versions} reload=${models.reload} />`}
    <//>
  `;
}

function Compared({ project, all, wanted, reload }) {
  const chosen = chosenOf(all, wanted);
  const toggle = (version, isOn) => {
    const kept = chosen.map((one) => one.version).filter((one) => one !== version);
    const next = isOn ? [...kept, version].slice(-MOST) : kept;
    go(address(["models", project], { versions: next.join(",") || "none" }), { replace: true });
  };
  return html`
    <fieldset class="choices">
      <legend>Versions to compare, ${MOST} at the most</legend>
      ${all.map((one) => html`<label><input type="checkbox" checked=${chosen.includes(one)} onChange=${(event) => toggle(one.version, event.target.checked)} /> version ${plain(one.version)}${inUse(one) ? " (in use)" : ""}</label>`)}
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
  const status = String(one.approval_status ?? one.status).toLowerCase();
  return [true, false].filter((isYes) => status !== (isYes ? "approved" : "rejected"));
};
