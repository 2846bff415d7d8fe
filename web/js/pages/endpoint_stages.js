// The stages of a roll-out, as SageMaker reports them.
import { list, plain } from "../format.js";
import { html } from "../lib.js";
import { word } from "../words.js";

export function Stages({ of }) {
  const stages = list(of.stages);
  if (!of.under_way && stages.length === 0) return null;
  return html`<div class="stages" aria-live="polite">
    <h2 class="small">Stages</h2>
    ${
      stages.length === 0
        ? html`<p class="soft">It looks at artifact, image, quota and alarms first; nothing has changed yet.</p>`
        : html`<ol>${stages.map((one, at) => html`<li class=${at === stages.length - 1 && of.under_way ? "now" : "done"}>${plain(word(nameOf(one)))}${detailOf(one)}</li>`)}</ol>`
    }
  </div>`;
}

const nameOf = (one) => (typeof one === "string" ? one : (one?.status ?? one?.stage));

const detailOf = (one) =>
  typeof one === "object" && one?.message
    ? html` <span class="soft">${plain(one.message)}</span>`
    : null;
