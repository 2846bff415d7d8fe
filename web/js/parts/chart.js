// A line chart as SVG: no script of others, the page's own colours, and its figures in words.
import { figure } from "../format.js";
import { html } from "../lib.js";

const WIDTH = 640;
const HEIGHT = 220;
const EDGE = { left: 52, right: 12, top: 12, bottom: 34 };

/** `series` are {name, points: [[x, y], …]}; points that are no numbers are left out. */
export function Chart({ title, series, across }) {
  const drawn = series
    .map((one, at) => ({
      ...one,
      at,
      points: one.points.filter((pair) => pair.every(Number.isFinite)),
    }))
    .filter((one) => one.points.length > 0);
  if (drawn.length === 0)
    return html`<figure class="chart"><figcaption>${title}</figcaption><p class="soft">No figures yet.</p></figure>`;
  const all = drawn.flatMap((one) => one.points);
  const x = scale(
    all.map((pair) => pair[0]),
    EDGE.left,
    WIDTH - EDGE.right,
  );
  const y = scale(
    all.map((pair) => pair[1]),
    HEIGHT - EDGE.bottom,
    EDGE.top,
    true,
  );
  return html`<figure class="chart">
    <figcaption>${title}</figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${summary(title, drawn)}>
      ${y.ticks.map((tick) => html`<g><line class="grid" x1=${EDGE.left} x2=${WIDTH - EDGE.right} y1=${y.at(tick)} y2=${y.at(tick)} /><text x=${EDGE.left - 8} y=${y.at(tick) + 4} text-anchor="end">${short(tick)}</text></g>`)}
      ${x.ticks.map((tick) => html`<text x=${x.at(tick)} y=${HEIGHT - EDGE.bottom + 18} text-anchor="middle">${short(tick)}</text>`)}
      <text class="across" x=${WIDTH - EDGE.right} y=${HEIGHT - 2} text-anchor="end">${across}</text>
      ${drawn.map((one) => html`<g class="series s${one.at + 1}"><path d=${line(one.points, x, y)} />${one.points.length <= 30 && one.points.map(([a, b]) => html`<circle cx=${x.at(a)} cy=${y.at(b)} r="3" />`)}</g>`)}
    </svg>
    <ul class="legend">${drawn.map((one) => html`<li class="s${one.at + 1}">${one.name}, last <b>${figure(one.points.at(-1)[1])}</b></li>`)}</ul>
  </figure>`;
}

const line = (points, x, y) =>
  points
    .map(([a, b], at) => `${at ? "L" : "M"}${x.at(a).toFixed(1)},${y.at(b).toFixed(1)}`)
    .join("");

const summary = (title, drawn) =>
  `${title}. ${drawn.map((one) => `${one.name}: from ${figure(one.points[0][1])} to ${figure(one.points.at(-1)[1])} over ${one.points.length} points`).join("; ")}.`;

function scale(values, from, to, isRounded = false) {
  let low = Math.min(...values);
  let high = Math.max(...values);
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const step = stepOf((high - low) / 4);
  if (isRounded) [low, high] = [Math.floor(low / step) * step, Math.ceil(high / step) * step];
  const ticks = [];
  // Counted in steps: sums of decimals would miss the ends.
  for (let at = Math.ceil(low / step - 1e-6); at * step <= high + step * 1e-6; at += 1)
    ticks.push(Number((at * step).toFixed(10)));
  return { ticks, at: (value) => from + ((value - low) / (high - low)) * (to - from) };
}

/** Returns 1, 2 or 5 times a power of ten. */
function stepOf(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
}

const short = (value) =>
  Math.abs(value) >= 1000
    ? `${Number((value / 1000).toFixed(1))}k`
    : String(Number(value.toPrecision(3)));
