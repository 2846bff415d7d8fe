// One endpoint: its stages live, its versions, its quality, and what a person may do.
import { abort, deploy, rollback, schedule, unschedule } from "../acts/endpoints.js";
import { path } from "../api.js";
import { caller, list, plain } from "../format.js";
import { html } from "../lib.js";
import { isList, useLoad } from "../load.js";
import { Action } from "../parts/dialog.js";
import { Heading, Loaded, Unreadable } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { Badge, Facts, Money, Name, When } from "../parts/text.js";
import { address } from "../router.js";
import { Experiment } from "./endpoint_experiment.js";
import { Quality } from "./endpoint_quality.js";
import { Stages } from "./endpoint_stages.js";

const EVERY_SECONDS = 4;

export function Endpoint({ id }) {
  const endpoint = useLoad(path(["endpoints", id]), {
    every: (data) => (data?.under_way ? EVERY_SECONDS : 30),
    check: (data) => typeof data?.endpoint === "string",
  });
  const deployments = useLoad(path(["endpoints", id, "deployments"], { limit: 20 }), {
    every: () => (endpoint.data?.under_way ? EVERY_SECONDS : null),
    check: isList,
  });
  const reload = () => {
    endpoint.reload();
    deployments.reload();
  };
  return html`
    <${Heading} kicker=${html`<a href=${address(["endpoints"])}>Endpoints</a>`}><${Name} of=${id} /><//>
    <${Loaded} of=${endpoint} what="endpoint">${(of) => html`<${State} of=${of} reload=${reload} /><${Versions} of=${of} reload=${reload} />${of.experiment_id && html`<${Experiment} id=${of.experiment_id} endpoint=${id} reload=${reload} />`}`}<//>
    <section><h2>Deployments</h2><${Loaded} of=${deployments} what="deployments">${(data) => html`<${Unreadable} of=${data.unreadable} what="deployment" /><${Deployments} rows=${data.items} />`}<//></section>
    <${Quality} endpoint=${id} />
  `;
}

const State = ({ of, reload }) => html`<section class="verdict">
  <p class="now"><${Badge} of=${of.status} /> <span class="soft">version ${plain(of.registry_version ?? "none")}${of.kind ? `, ${plain(of.kind)}` : ""}</span></p>
  <${Stages} of=${of} />
  <${Facts}
    rows=${[
      ["Project", html`<${Name} of=${of.project} />`],
      ["Instances", of.instance_type && instances(of)],
      ["An instance hour", html`<${Money} of=${of.usd_per_hour} />`],
      ["A month at most", html`<${Money} of=${of.month_usd} />`],
      [
        "Schedule",
        of.schedule?.on
          ? html`${plain(of.schedule.phase)}: on ${plain(of.schedule.on)}, off ${plain(of.schedule.off)}, ${plain(of.schedule.timezone)}`
          : "always on",
      ],
      ["Last failure", of.failure_reason && plain(of.failure_reason)],
      ["Price", of.price_source && plain(of.price_source)],
      ["Under way", of.under_way && html`<${Name} of=${of.under_way} />`],
    ]}
  />
  <div class="buttons">
    ${
      of.under_way
        ? html`<${Action} label="Abort what is under way" danger ask=${abort(of)} done=${reload} />`
        : html`<${Action} label="Deploy a version" ask=${deploy(of)} done=${reload} />
          <${Action} label="Roll back" danger ask=${rollback(of)} done=${reload} />`
    }
    <${Action} label=${of.schedule?.on ? "Change the schedule" : "Set a schedule"} ask=${schedule(of)} done=${reload} />
    ${of.schedule?.on && html`<${Action} label="Clear the schedule" ask=${unschedule(of)} done=${reload} />`}
  </div>
</section>`;

const instances = (of) => {
  const many = Object.values(of.instances ?? {}).reduce((sum, one) => sum + one, 0);
  return `${many ? `${many} × ` : ""}${plain(of.instance_type)}`;
};

const inUse = (of) => (one) =>
  one.in_use === true || (of.in_use != null && one.number === of.in_use);

function Versions({ of, reload }) {
  const versions = list(of.versions);
  if (versions.length === 0) return null;
  const columns = [
    {
      name: "Deployed as",
      lead: true,
      of: (one) =>
        html`${plain(one.number)}${inUse(of)(one) ? html` <span class="badge good">in use</span>` : ""}`,
    },
    {
      name: "Version in the registry",
      right: true,
      of: (one) => plain(one.registry_version ?? "unknown"),
    },
    { name: "Who", of: (one) => html`<${Name} of=${caller(one.requested_by)} />` },
    { name: "Why", of: (one) => one.why && html`<${Name} of=${one.why} />` },
    { name: "Since", of: (one) => html`<${When} of=${one.deployed_at} exact />` },
    {
      name: "Bring back",
      of: (one) =>
        !inUse(of)(one) &&
        !of.under_way &&
        html`<${Action} label=${`Roll back to ${plain(one.number)}`} name=${`Roll back to ${plain(one.number)}`} danger ask=${rollback(of, one)} done=${reload} />`,
    },
  ];
  return html`<section><h2>Versions</h2><${Table} caption="Versions that served here" columns=${columns} rows=${versions} keyOf=${(one) => one.number} marked=${inUse(of)} /></section>`;
}

const DEPLOYMENTS = [
  { name: "Deployment", lead: true, of: (one) => html`<${Name} of=${one.deployment_id} />` },
  { name: "What", of: (one) => plain(one.action) },
  { name: "Version", right: true, of: (one) => plain(one.registry_version ?? "unknown") },
  { name: "Ended", of: (one) => html`<${Badge} of=${one.ending ?? "under way"} />` },
  { name: "Who", of: (one) => html`<${Name} of=${caller(one.requested_by)} />` },
  { name: "Why", of: (one) => one.why && html`<${Name} of=${one.why} />` },
  {
    name: "Reason",
    of: (one) =>
      html`<span class="soft">${plain(one.reason)}${one.aborted_by ? html` Aborted by <${Name} of=${caller(one.aborted_by)} />.` : ""}</span>`,
  },
  { name: "When", of: (one) => html`<${When} of=${one.opened_at} />` },
];

const Deployments = ({ rows }) =>
  rows.length === 0
    ? html`<p class="soft">Nothing was deployed here yet.</p>`
    : html`<${Table} caption="Deployments" columns=${DEPLOYMENTS} rows=${rows} keyOf=${(one) => one.deployment_id} />`;
