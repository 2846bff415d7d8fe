// One audit: its sentences, its savings, its report and the findings behind it.
import { path } from "../api.js";
import { count, list, plain } from "../format.js";
import { html } from "../lib.js";
import { useLoad } from "../load.js";
import { Heading, Loaded } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { Badge, Facts, Money, Name, When } from "../parts/text.js";
import { address } from "../router.js";

export function Audit({ id }) {
  const audit = useLoad(path(["audits", id]), {
    every: (data) => (data?.status === "running" ? 5 : null),
  });
  return html`
    <${Heading} kicker=${html`<a href=${address(["audits"])}>Audits</a>`}><${Name} of=${id} /><//>
    <${Loaded} of=${audit} what="audit">${(data) => html`<${Body} of=${data} report=${data.report ?? {}} />`}<//>
  `;
}

const known = (value) => (value == null ? null : count(value));

const Body = ({ of, report }) => html`
  <section class="verdict">
    <p class="now"><${Badge} of=${of.status} /></p>
    ${of.reason && html`<p class="alert">${plain(of.reason)}</p>`}
    ${list(report.summary).map((one) => html`<p>${plain(one)}</p>`)}
    ${list(report.alerts).map((one) => html`<p class="alert">${plain(one)}</p>`)}
    <${Facts}
      rows=${[
        ["Started", html`<${When} of=${of.started_at} exact />`],
        ["Mode", report.mode && plain(report.mode)],
        ["Findings", known(report.totals?.findings)],
        ["Sure savings", html`<${Money} of=${report.totals?.sure_monthly_usd} per="month" />`],
        [
          "Possible savings",
          html`<${Money} of=${report.totals?.possible_monthly_usd} per="month" />`,
        ],
        ["Findings without a price", known(report.totals?.unpriced_findings)],
        ["Could not be read", known(report.totals?.unknown)],
      ]}
    />
    <div class="buttons">
      <a class="button" href=${address(["findings"], { audit_id: of.audit_id })}>Its findings, by dollars</a>
    </div>
  </section>
  <${Documents} rows=${list(of.documents)} />
  <${Actions} rows=${list(report.planned_actions)} />
`;

/** They lie in S3, where the reader's own policies say who may read them. */
const Documents = ({ rows }) =>
  rows.length > 0 &&
  html`<section>
    <h2>Documents</h2>
    <${Facts} rows=${rows.map((one) => [plain(one.name), html`<code><${Name} of=${one.uri} /></code>`])} />
  </section>`;

const ACTIONS = [
  { name: "Resource", lead: true, of: (one) => html`<${Name} of=${one.resource} />` },
  { name: "Action", of: (one) => plain(one.action) },
  { name: "Why", of: (one) => plain(one.reason) },
  { name: "Due", of: (one) => (one.due ? html`<${When} of=${one.due} exact />` : "") },
  {
    name: "Result",
    of: (one) =>
      one.result
        ? html`<${Badge} of=${one.result.outcome} />`
        : one.executes
          ? "will be done"
          : "not in this mode",
  },
];

const Actions = ({ rows }) =>
  rows.length > 0 &&
  html`<section><h2>Actions</h2><${Table} caption="Actions of this audit" columns=${ACTIONS} rows=${rows} /></section>`;
