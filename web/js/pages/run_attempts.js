// The ladder that a run may climb, and the jobs that it made.
import { between, counted, duration, list, plain } from "../format.js";
import { html } from "../lib.js";
import { Table } from "../parts/table.js";
import { Badge, Money, Name } from "../parts/text.js";

const RUNGS = [
  { name: "Rung", lead: true, of: (one) => html`${plain(one.rung)}. <${Name} of=${one.name} />` },
  { name: "Chosen because", of: (one) => plain(one.chosen_because) },
  {
    name: "Outcome",
    of: (one) =>
      html`<${Badge} of=${one.outcome} /> <span class="soft">${plain(one.reason)}</span>`,
  },
  { name: "Attempts", right: true, of: (one) => list(one.attempts).length },
  {
    name: "Waited",
    right: true,
    of: (one) => (one.waited_seconds == null ? "" : duration(one.waited_seconds)),
  },
  { name: "Billed", right: true, of: (one) => html`<${Money} of=${one.usd} />` },
];

export const Ladder = ({ rungs }) =>
  rungs.length > 0 &&
  html`<section><h2>Ladder</h2><${Table} caption="Rungs of the ladder" columns=${RUNGS} rows=${rungs} /></section>`;

const trained = (one) => {
  const seconds = one.training_seconds ?? between(one.started_at, one.ended_at);
  return seconds == null ? "" : duration(seconds);
};

const ATTEMPTS = [
  {
    name: "Attempt",
    lead: true,
    of: (one) => html`${plain(one.attempt)}. <${Name} of=${one.job_name} />`,
  },
  {
    name: "On",
    of: (one) =>
      [plain(one.instance_type), one.spot ? "Spot" : one.spot === false ? "on-demand" : ""]
        .filter(Boolean)
        .join(", "),
  },
  {
    name: "Ending",
    of: (one) =>
      html`<${Badge} of=${one.ending ?? one.phase ?? one.secondary_status ?? one.status} />`,
  },
  {
    name: "Why",
    of: (one) =>
      html`<span class="soft">${plain(one.reason ?? one.failure_reason ?? "")}${one.interruptions ? ` ${counted(one.interruptions, "interruption")}` : ""}</span>`,
  },
  {
    name: "Trained",
    right: true,
    of: (one) => trained(one),
  },
  { name: "Billed", right: true, of: (one) => html`<${Money} of=${one.billed_usd} />` },
];

export const Attempts = ({ attempts }) =>
  attempts.length > 0 &&
  html`<section><h2>Attempts</h2><${Table} caption="Attempts of the run" columns=${ATTEMPTS} rows=${attempts} /></section>`;
