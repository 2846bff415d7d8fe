// How the raw data of a run became its data set: where, how far, for which dollars.
import { count, plain } from "../format.js";
import { html } from "../lib.js";
import { Badge, Facts, Money } from "../parts/text.js";
import { word } from "../words.js";

const rows = (result) =>
  result?.rows_read != null &&
  `${count(result.rows_written)} of ${count(result.rows_read)} are in the data set`;

/** `of` is the run's preparation as it is now, `result` what result.json says of it. */
export const Preparation = ({ of, result }) =>
  of &&
  html`<section>
    <h2>Preparation of the raw data</h2>
    <${Facts}
      rows=${[
        ["Engine", plain(word(of.engine))],
        ["Why there", result?.engine_reason && plain(result.engine_reason)],
        ["Attempt", of.attempt && plain(of.attempt)],
        ["State", html`<${Badge} of=${of.ending ?? of.status ?? "not started yet"} />`],
        ["Reason", of.reason && plain(of.reason)],
        ["Billed", html`<${Money} of=${of.billed_usd} />`],
        ["Rows", rows(result) || null],
        ["Advice", result?.advice && plain(result.advice)],
      ]}
    />
  </section>`;
