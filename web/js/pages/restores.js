// Endpoints that Thriftline ended, each with the way back.
import { restore } from "../acts/audits.js";
import { plain } from "../format.js";
import { html, useState } from "../lib.js";
import { Action } from "../parts/dialog.js";
import { List } from "../parts/list_page.js";
import { Heading } from "../parts/states.js";
import { Badge, Money, Name, When } from "../parts/text.js";

const columns = (reload) => [
  { name: "Endpoint", lead: true, of: (one) => html`<${Name} of=${one.endpoint} />` },
  { name: "State", of: (one) => html`<${Badge} of=${one.state} />` },
  { name: "Saved", of: (one) => html`<${When} of=${one.saved_at} exact />` },
  { name: "A month at most", right: true, of: (one) => html`<${Money} of=${one.month_usd} />` },
  {
    name: "Where",
    of: (one) => html`<${Name} of=${one.account} /> <span class="soft">${plain(one.region)}</span>`,
  },
  {
    name: "Restore",
    of: (one) =>
      one.state !== "saved"
        ? html`<span class="soft">${one.state === "restored" ? "it is back" : "on its way"}</span>`
        : html`<${Action} label="Restore" name=${`Restore ${plain(one.endpoint)}`} ask=${restore(one)} done=${reload} />`,
  },
];

export function Restores({ query }) {
  const [turn, setTurn] = useState(0);
  return html`
    <${Heading}>Restores<//>
    <p class="intro">Before an endpoint ends, its configuration, tags and scaling are saved. It comes back as it was.</p>
    <${List} key=${turn} api=${["restores"]} parts=${["restores"]} query=${query} what="endpoint" isLive=${(one) => one.state === "restoring"} columns=${columns(() => setTurn(turn + 1))} keyOf=${(one) => one.key} empty=${html`<p>Thriftline has ended no endpoint, so there is nothing to restore.</p>`} />
  `;
}
