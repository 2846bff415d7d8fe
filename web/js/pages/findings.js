// What costs too much, the most expensive first.
import { accept } from "../acts/audits.js";
import { plain } from "../format.js";
import { html, useState } from "../lib.js";
import { Action } from "../parts/dialog.js";
import { Filters, List } from "../parts/list_page.js";
import { Heading } from "../parts/states.js";
import { Badge, Money, Name } from "../parts/text.js";

const FILTERS = [
  {
    name: "severity",
    label: "Severity",
    options: [
      ["high", "high"],
      ["medium", "medium"],
      ["low", "low"],
    ],
  },
  { name: "rule", label: "Rule", hint: "every rule" },
];

const isAccepted = (one) => Boolean(one.accepted);

export const findingColumns = (reload) => [
  {
    name: "Finding",
    lead: true,
    of: (one) =>
      html`${plain(one.title)}<br /><span class="soft"><${Name} of=${one.resource} /></span>`,
  },
  { name: "Saves a month", right: true, of: (one) => html`<${Money} of=${one.monthly_usd} />` },
  { name: "Severity", of: (one) => html`<${Badge} of=${one.severity} />` },
  { name: "Confidence", of: (one) => plain(one.confidence) },
  {
    name: "Where",
    of: (one) => html`<${Name} of=${one.account} /> <span class="soft">${plain(one.region)}</span>`,
  },
  {
    name: "What to do",
    of: (one) =>
      html`<details><summary>${plain(one.change?.text ?? one.summary ?? "Details")}</summary><${Details} of=${one} /></details>`,
  },
  {
    name: "Accept",
    of: (one) =>
      isAccepted(one)
        ? html`<span class="soft">accepted until ${plain(one.accepted.until)}: ${plain(one.accepted.reason)}</span>`
        : html`<${Action} label="Accept" name=${`Accept ${plain(one.title)} of ${plain(one.resource)}`} ask=${accept(one)} done=${reload} />`,
  },
];

const Details = ({ of }) => html`
  <p>${plain(of.summary)}</p>
  ${(of.change?.cli ?? []).map((one) => html`<pre><code>${plain(one)}</code></pre>`)}
  ${of.change?.undo && html`<p class="soft">To undo it: ${plain(of.change.undo)}</p>`}
  <p class="soft">Rule: <code>${plain(of.rule)}</code></p>
`;

export function Findings({ query }) {
  const [turn, setTurn] = useState(0);
  return html`
    <${Heading}>Findings<//>
    <p class="intro">${query.audit_id ? "From one audit" : "From the last audit"}, the largest saving first. A finding without dollars is unknown, not zero.</p>
    <${Filters} parts=${["findings"]} query=${query} fields=${FILTERS} />
    <${List} key=${turn} api=${["findings"]} parts=${["findings"]} query=${query} filters=${["severity", "rule", "audit_id"]} what="finding" columns=${findingColumns(() => setTurn(turn + 1))} keyOf=${(one) => one.id} empty=${html`<p>Nothing was found. The last audit says what it could not read.</p>`} />
  `;
}
