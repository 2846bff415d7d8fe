// Audits of the account, the newest first.
import { audit } from "../acts/audits.js";
import { count, plain } from "../format.js";
import { html, useState } from "../lib.js";
import { Action } from "../parts/dialog.js";
import { List } from "../parts/list_page.js";
import { Heading } from "../parts/states.js";
import { Badge, Money, Name, When } from "../parts/text.js";
import { address } from "../router.js";

const COLUMNS = [
  {
    name: "Audit",
    lead: true,
    of: (one) =>
      html`<a href=${address(["audits", one.audit_id])}><${Name} of=${one.audit_id} /></a>`,
  },
  { name: "When", of: (one) => html`<${When} of=${one.started_at} />` },
  { name: "Status", of: (one) => html`<${Badge} of=${one.status} />` },
  { name: "Mode", of: (one) => plain(one.mode ?? one.reason) },
  { name: "Findings", right: true, of: (one) => (one.findings == null ? "" : count(one.findings)) },
  {
    name: "Saves for sure",
    right: true,
    of: (one) => html`<${Money} of=${one.monthly_usd} per="month" />`,
  },
  {
    name: "Actions done",
    right: true,
    of: (one) =>
      one.planned_actions == null
        ? ""
        : `${count(one.done_actions)} of ${count(one.planned_actions)}`,
  },
  { name: "Not read", right: true, of: (one) => (one.unknown == null ? "" : count(one.unknown)) },
];

export function Audits({ query }) {
  const [turn, setTurn] = useState(0);
  return html`
    <${Heading}>Audits<//>
    <div class="buttons"><${Action} label="Audit the account now" ask=${audit()} done=${() => setTurn(turn + 1)} /> <a class="button" href=${address(["findings"])}>All findings</a></div>
    <${List} key=${turn} api=${["audits"]} parts=${["audits"]} query=${query} what="audit" columns=${COLUMNS} keyOf=${(one) => one.audit_id} isLive=${(one) => one.status === "running"} empty=${html`<p>No audit has ended yet. One runs every day; the button above starts one now.</p>`} />
  `;
}
