// The newest comparison on an endpoint's live traffic.
import { stopExperiment } from "../acts/endpoints.js";
import { path } from "../api.js";
import { count, plain, share } from "../format.js";
import { html } from "../lib.js";
import { useLoad } from "../load.js";
import { Action } from "../parts/dialog.js";
import { Loaded } from "../parts/states.js";
import { Badge, Facts, Money, Name, When } from "../parts/text.js";
import { word } from "../words.js";

const HAS_ENDED = ["ended", "refused"];

export function Experiment({ id, endpoint, reload }) {
  const experiment = useLoad(path(["endpoints", endpoint, "experiments", id]), {
    every: (data) => (data && !HAS_ENDED.includes(data.state) ? 15 : null),
  });
  const done = () => {
    experiment.reload();
    reload();
  };
  return html`<section>
    <h2>Comparison on live traffic</h2>
    <${Loaded} of=${experiment} what="comparison">${(of) => html`<${Body} of=${of} endpoint=${endpoint} done=${done} />`}<//>
  </section>`;
}

function Body({ of, endpoint, done }) {
  const result = of.result ?? {};
  return html`
    <p class="now"><${Badge} of=${result.ending ?? of.state} /> ${plain(word(of.kind))} <${Name} of=${of.experiment_id} /></p>
    <p>${plain(of.reason || result.reason)}</p>
    <${Facts}
      rows=${[
        ["Challenger", result.challenger && `version ${plain(result.challenger.number)}`],
        ["Champion", result.champion && `version ${plain(result.champion.number)}`],
        ["Measure", result.measure && plain(result.measure)],
        ["Share of the challenger", result.weight == null ? null : share(result.weight, 0)],
        [
          "Requests so far",
          result.split && count(result.split.champion.requests + result.split.challenger.requests),
        ],
        [
          "Difference",
          result.interval &&
            `${share(result.interval.low)} to ${share(result.interval.high)} mistakes, at all times`,
        ],
        ["Ends at the latest", html`<${When} of=${of.deadline} exact />`],
        ["Costs at most", html`<${Money} of=${result.cost_usd_at_most} />`],
        ["Asked to stop", of.stopping && plain(of.stopping)],
        ["Afterwards", result.after && plain(result.after)],
      ]}
    />
    ${!HAS_ENDED.includes(of.state) && !of.stopping && html`<div class="buttons"><${Action} label="End the comparison" danger ask=${stopExperiment(endpoint, of)} done=${done} /></div>`}
  `;
}
