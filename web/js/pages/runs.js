// Runs: what runs, what it costs, how it ended.
import { html } from "../lib.js";
import { plain } from "../format.js";
import { Filters, List } from "../parts/list_page.js";
import { Heading } from "../parts/states.js";
import { Badge, Money, Name, When } from "../parts/text.js";
import { address } from "../router.js";
import { isLive, RUN_STATUSES, word } from "../words.js";

const FILTERS = [
  { name: "project", label: "Project", hint: "every project" },
  { name: "status", label: "Status", options: RUN_STATUSES.map((one) => [one, word(one)]) },
];

// These end before anything is planned, so there are no dollars to know.
const UNPLANNED = new Set(["rejected", "not_started"]);

const planned = (run, fact, shown) => {
  if (fact == null && isLive(run.status)) return html`<span class="soft">not yet</span>`;
  if (fact == null && UNPLANNED.has(run.status)) return html`<span class="soft">none</span>`;
  return shown;
};
const dollars = (run, usd) => planned(run, usd, html`<${Money} of=${usd} />`);
const place = (run) => plain([word(run.trainer), run.instance_type].filter(Boolean).join(", "));

const COLUMNS = [
  {
    name: "Run",
    lead: true,
    of: (run) => html`<a href=${address(["runs", run.run_id])}><${Name} of=${run.run_id} /></a>`,
  },
  { name: "Project", of: (run) => html`<${Name} of=${run.project} />` },
  { name: "Status", of: (run) => html`<${Badge} of=${run.status} />` },
  { name: "Opened", of: (run) => html`<${When} of=${run.opened_at} />` },
  {
    name: "Trained on",
    of: (run) => planned(run, run.trainer, place(run)),
  },
  { name: "Expected", right: true, of: (run) => dollars(run, run.expected_usd) },
  { name: "Cost", right: true, of: (run) => dollars(run, run.cost_usd) },
  { name: "Saved", right: true, of: (run) => dollars(run, run.saved_usd) },
];

export const Runs = ({ query }) => html`
  <${Heading}>Runs<//>
  <${Filters} parts=${["runs"]} query=${query} fields=${FILTERS} />
  <${List}
    api=${["runs"]}
    parts=${["runs"]}
    query=${query}
    filters=${["project", "status"]}
    what="run"
    columns=${COLUMNS}
    keyOf=${(run) => run.run_id}
    isLive=${(run) => isLive(run.status)}
    empty=${query.project || query.status ? FILTERED : NONE}
  />
`;

const FILTERED = html`<p>No run is like that. Clear the filters to see every run.</p>`;
const NONE = html`<p>There is no run yet. Upload a file with texts and labels:</p>
  <pre><code>thriftline runs submit --project mine my.csv</code></pre>
  <p>Its price is worked out before anything is spent: <code>thriftline estimate my.csv</code>.</p>`;
