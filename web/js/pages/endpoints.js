// Endpoints: what serves, and what it costs while it does.
import { plain } from "../format.js";
import { html } from "../lib.js";
import { Filters, List } from "../parts/list_page.js";
import { Heading } from "../parts/states.js";
import { Badge, Money, Name } from "../parts/text.js";
import { address } from "../router.js";

const FILTERS = [{ name: "project", label: "Project", hint: "every project" }];

const COLUMNS = [
  {
    name: "Endpoint",
    lead: true,
    of: (one) =>
      html`<a href=${address(["endpoints", one.endpoint])}><${Name} of=${one.endpoint} /></a>`,
  },
  { name: "Project", of: (one) => html`<${Name} of=${one.project} />` },
  { name: "Kind", of: (one) => plain(one.kind) },
  { name: "Status", of: (one) => html`<${Badge} of=${one.status} />` },
  { name: "Version", right: true, of: (one) => plain(one.registry_version ?? "none") },
  {
    name: "Under way",
    of: (one) =>
      one.under_way
        ? html`<${Name} of=${one.under_way} />`
        : html`<span class="soft">nothing</span>`,
  },
  { name: "An instance hour", right: true, of: (one) => html`<${Money} of=${one.usd_per_hour} />` },
  { name: "A month at most", right: true, of: (one) => html`<${Money} of=${one.month_usd} />` },
];

export const Endpoints = ({ query }) => html`
  <${Heading}>Endpoints<//>
  <${Filters} parts=${["endpoints"]} query=${query} fields=${FILTERS} />
  <${List} api=${["endpoints"]} parts=${["endpoints"]} query=${query} filters=${["project"]} what="endpoint" columns=${COLUMNS} keyOf=${(one) => one.endpoint} isLive=${(one) => Boolean(one.under_way)} empty=${html`<p>Nothing serves. Deploy an approved version:</p><pre><code>thriftline endpoints deploy PROJECT</code></pre>`} />
`;
