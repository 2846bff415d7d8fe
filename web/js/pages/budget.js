// The month's dollars, whole and by project.
import { count, hourly, list, plain, runningNow, usd } from "../format.js";
import { html } from "../lib.js";
import { useLoad } from "../load.js";
import { Heading, Loaded } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { Facts, Money, Name } from "../parts/text.js";
import { address } from "../router.js";

const COLUMNS = [
  {
    name: "Project",
    lead: true,
    of: (one) =>
      html`<a href=${address(["runs"], { project: one.project })}><${Name} of=${one.project} /></a>`,
  },
  {
    name: "Spent and reserved",
    right: true,
    of: (one) => html`<${Money} of=${one.committed_usd} />`,
  },
  {
    name: "Limit",
    right: true,
    of: (one) =>
      one.cap_usd == null
        ? html`<span class="soft">none of its own</span>`
        : html`<${Money} of=${one.cap_usd} />`,
  },
  { name: "Left for a new run", right: true, of: (one) => html`<${Money} of=${one.left_usd} />` },
];

export function Budget() {
  const budget = useLoad("/budget");
  return html`<${Heading}>Budget<//><${Loaded} of=${budget} what="budget">${(of) => html`<${Body} of=${of} />`}<//>`;
}

const Body = ({ of }) => html`
  <section>
    <h2>${plain(of.month)}</h2>
    <${Gauge} of=${of} />
    <${Facts}
      rows=${[
        ["Limit of the month", html`<${Money} of=${of.cap_usd} />`],
        ["Spent", html`<${Money} of=${of.spent_usd} />`],
        ["Of it outside Thriftline, as billed", html`<${Money} of=${of.external_usd} />`],
        [
          "Reserved for what runs",
          html`<${Money} of=${of.held_usd} /> <span class="soft">worst cases, and what stopping a job at its limit and its upload may add</span>`,
        ],
        ["Left", html`<${Money} of=${of.left_usd} />`],
        ["Running now", html`<b>${runningNow(of)}</b>`],
        ...runningParts(of.running_parts),
        [
          "At risk",
          html`<${Money} of=${of.at_risk_usd} /> <span class="soft">worst cases of what runs</span>`,
        ],
      ]}
    />
    <p class="soft">A run starts only where its worst case fits what is left. What is unknown counts as not left.</p>
  </section>
  ${list(of.projects).length > 0 && html`<section><h2>By project</h2><${Table} caption="Projects" columns=${COLUMNS} rows=${list(of.projects)} keyOf=${(one) => one.project} /></section>`}
`;

/** What the hour's bill is made of, and by name what has no known price. */
const runningParts = (parts) =>
  parts
    ? [
        ["Of it training", hourly(parts.training_usd_per_hour)],
        ["Of it preparation", hourly(parts.preparation_usd_per_hour)],
        ["Of it endpoints, at most", hourly(parts.endpoints_usd_per_hour)],
        ...(list(parts.unknown).length
          ? [["Without a known price", list(parts.unknown).map(plain).join(", ")]]
          : []),
      ]
    : [];

/** Spent and reserved, as parts of the limit. */
function Gauge({ of }) {
  const [cap, spent, held] = [of.cap_usd, of.spent_usd, of.held_usd].map(Number);
  if (!(cap > 0) || !Number.isFinite(spent + held)) return null;
  const part = (value) => Math.max(0, Math.min(100, (100 * value) / cap));
  const used = part(spent);
  return html`<figure class="gauge">
    <svg viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label=${`${usd(of.spent_usd)} spent and ${usd(of.held_usd)} reserved of ${usd(of.cap_usd)}`}>
      <rect class="rest" width="100" height="6" />
      <rect class="part" width=${used} height="6" />
      <rect class="held" x=${used} width=${Math.min(100 - used, part(held))} height="6" />
    </svg>
    <figcaption class="soft"><i class="part"></i>spent <i class="held"></i>reserved, ${count(Math.round(used + part(held)))} % of the limit</figcaption>
  </figure>`;
}
