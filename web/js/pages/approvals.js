// What waits for a person.
import { answerApproval } from "../acts/approvals.js";
import { plain } from "../format.js";
import { html, useState } from "../lib.js";
import { Action } from "../parts/dialog.js";
import { List } from "../parts/list_page.js";
import { Heading } from "../parts/states.js";
import { Money, Name, When } from "../parts/text.js";
import { address } from "../router.js";

const idOf = (one) => one.approval_id ?? one.id ?? one.run_id;

const columns = (reload) => [
  {
    name: "Run",
    lead: true,
    of: (one) => html`<a href=${address(["runs", one.run_id])}><${Name} of=${one.run_id} /></a>
      <br /><span class="soft">${one.part ?? "run"}</span>`,
  },
  { name: "Project", of: (one) => html`<${Name} of=${one.project} />` },
  { name: "Data", of: (one) => html`<${Name} of=${one.key} />` },
  { name: "Worst case", right: true, of: (one) => html`<${Money} of=${one.worst_case_usd} />` },
  { name: "Expected", right: true, of: (one) => html`<${Money} of=${one.expected_usd} />` },
  { name: "Left this month", right: true, of: (one) => html`<${Money} of=${one.left_usd} />` },
  { name: "Ends without an answer", of: (one) => html`<${When} of=${one.expires_at} />` },
  {
    name: "Answer",
    of: (one) => html`<span class="buttons">
      <${Action} label="Approve" name=${`Approve ${plain(one.run_id)}`} ask=${answerApproval({ ...one, approval_id: idOf(one) }, true)} done=${reload} />
      <${Action} label="Reject" name=${`Reject ${plain(one.run_id)}`} danger ask=${answerApproval({ ...one, approval_id: idOf(one) }, false)} done=${reload} />
    </span>`,
  },
];

export function Approvals({ query }) {
  const [turn, setTurn] = useState(0);
  return html`
    <${Heading}>Approvals<//>
    <p class="intro">Runs whose worst case is above the limit wait here. No more is spent until a person says yes.</p>
    <${List} key=${turn} api=${["approvals"]} parts=${["approvals"]} query=${query} what="request" columns=${columns(() => setTurn(turn + 1))} keyOf=${idOf} isLive=${() => true} empty=${html`<p>Nothing waits for a person.</p>`} />
  `;
}
