// What a run learns: progress while it trains, curves, and the comparison with the champion.
import { count, duration, figure, list, plain, share } from "../format.js";
import { html } from "../lib.js";
import { Chart } from "../parts/chart.js";
import { Badge } from "../parts/text.js";

export function Progress({ of }) {
  if (!of) return null;
  return Number.isFinite(of.step) && of.steps > 0
    ? html`<${Steps} of=${of} />`
    : html`<${Phase} of=${of} />`;
}

/** Without steps the clock is all that is known. */
const Phase = ({ of }) => html`<p class="soft">
  ${of.attempt ? `Attempt ${of.attempt}${of.phase ? `: ${plain(of.phase)}` : ""}. ` : ""}Open for ${duration(of.seconds)}${Number.isFinite(of.training_seconds) ? `, training for ${duration(of.training_seconds)}` : ""}.
</p>`;

function Steps({ of }) {
  const { step, steps } = of;
  const done = Math.min(1, step / steps);
  return html`<div class="progress">
    <progress max="1" value=${done} aria-label="Training progress">${share(done, 0)}</progress>
    <p class="soft">Step ${count(step)} of ${count(steps)} (${share(done, 0)})${done < 1 ? "" : "; evaluation and upload follow"}${Number.isFinite(of.seconds_left) ? `, about ${duration(of.seconds_left)} left` : ""}</p>
  </div>`;
}

export function Curves({ progress, training }) {
  const curve = list(training?.curve ?? progress?.curve);
  const validation = list(training?.validation ?? progress?.validation);
  if (curve.length + validation.length === 0) return null;
  return html`<section>
    <h2>Learning</h2>
    <div class="columns">
      <${Chart}
        title="Loss"
        across="step"
        series=${[
          { name: "training", points: curve.map((one) => [one.step, one.loss]) },
          { name: "validation", points: validation.map((one) => [one.step, one.loss]) },
        ]}
      />
      <${Chart}
        title="On the validation split"
        across="step"
        series=${[
          { name: "accuracy", points: validation.map((one) => [one.step, one.accuracy]) },
          { name: "macro F1", points: validation.map((one) => [one.step, one.macro_f1]) },
        ]}
      />
    </div>
  </section>`;
}

export function Comparison({ result }) {
  const { metrics, comparison, gate } = result;
  const baselines = list(result.baselines);
  if (!metrics && !gate) return null;
  const rows = [
    ["Candidate", metrics?.accuracy, metrics?.macro_f1],
    ["Champion", result.champion_metrics?.accuracy, result.champion_metrics?.macro_f1],
    ...baselines.map((one) => [plain(one.name), one.accuracy, one.macro_f1]),
  ].filter((row) => row[1] != null);
  return html`<section>
    <h2>On the test split</h2>
    ${gate && html`<p>${html`<${Badge} of=${gate.promotion} />`} ${plain(gate.reason === result.reason ? "" : gate.reason)}</p>`}
    ${rows.length > 0 && html`<${Bars} rows=${rows} />`}
    ${comparison && html`<p class="soft">Candidate less champion, ${plain(comparison.metric)}: ${signed(comparison.difference)} (${signed(comparison.interval?.low)} to ${signed(comparison.interval?.high)}).</p>`}
  </section>`;
}

const Bars = ({ rows }) => html`<table class="bars">
  <caption class="unseen">Accuracy and macro F1 on the test split</caption>
  <thead><tr><th scope="col">Model</th><th scope="col">Accuracy</th><th scope="col" class="n">Macro F1</th></tr></thead>
  <tbody>
    ${rows.map(
      ([name, accuracy, f1]) => html`<tr>
      <th scope="row">${name}</th>
      <td><span class="meter"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="rest" width="100" height="8" /><rect class="part" width=${Math.max(0, Math.min(1, accuracy)) * 100} height="8" /></svg> ${figure(accuracy)}</span></td>
      <td class="n">${figure(f1)}</td>
    </tr>`,
    )}
  </tbody>
</table>`;

const signed = (value) =>
  Number.isFinite(value)
    ? `${value >= 0 ? "+" : "\u2212"}${Math.abs(value).toFixed(3)}`
    : "unknown";
