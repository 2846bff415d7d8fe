// What a person may do to an endpoint. A roll-out is checked and priced before it is asked for.
import { change, newKey, path } from "../api.js";
import { duration, list, plain, usd } from "../format.js";
import { html } from "../lib.js";

const WHY = { name: "why", label: "Why (kept in the history)", longest: 500 };

export const deploy = (endpoint) => ({
  title: `Deploy to ${plain(endpoint.endpoint)}?`,
  effect:
    "The version is rolled out by the rules of serve.yaml. An alarm rolls it back; what serves now serves on until the new one is good.",
  fields: [
    {
      name: "version",
      label: "Version in the registry",
      hint: "Empty: the newest approved one.",
      required: false,
      type: "number",
      min: 1,
    },
    WHY,
  ],
  confirm: "Deploy",
  ...priced(endpoint, ["endpoints", endpoint.endpoint, "deployments"], ({ version, why }) => ({
    project: endpoint.project,
    ...(version && { version: Number(version) }),
    why,
  })),
  prepareBy: ["version"],
  said: (answer) => `Deployment ${plain(answer.id)} was started`,
});

export const rollback = (endpoint, version = null) => ({
  title: version
    ? `Roll ${plain(endpoint.endpoint)} back to ${plain(version.number)}?`
    : `Roll ${plain(endpoint.endpoint)} back?`,
  effect: version
    ? `Version ${plain(version.registry_version)} of the registry serves again, all at once, as soon as its instances are there.`
    : "The version that served before serves again, all at once, as soon as its instances are there.",
  fields: [WHY],
  confirm: "Roll back",
  danger: true,
  ...priced(endpoint, ["endpoints", endpoint.endpoint, "rollback"], ({ why }) => ({
    why,
    ...(version && { to_version: version.number }),
  })),
  said: (answer) => `Rollback ${plain(answer.id)} was started`,
});

/** Adds the request, and the same request as a dry run that names checks and dollars. */
function priced(endpoint, parts, body) {
  return {
    path: path(parts),
    body,
    prepare: async (values) => {
      const asked = { ...body(values), why: values.why || "a look at its price", dry_run: true };
      return previewOf(await change("POST", path(parts), asked, newKey()), endpoint);
    },
  };
}

function previewOf(answer, endpoint) {
  const { price } = answer;
  const failed = list(answer.checks).filter((one) => !one.passed);
  const took = Number.isFinite(price?.seconds) ? `, about ${duration(price.seconds)}` : "";
  return {
    isRefused: answer.would_deploy === false,
    dollars: `The roll-out costs about ${usd(price?.rollout_usd)}${took}. Afterwards a month costs ${usd(price?.month_usd)} at the most; now it is ${usd(endpoint.month_usd)}.`,
    view:
      failed.length > 0 &&
      html`<ul class="checks">${failed.map((one) => html`<li><strong>${plain(one.sentence)}</strong> <span class="soft">${plain(one.fix)}</span></li>`)}</ul>`,
  };
}

export const abort = (endpoint) => ({
  title: `Abort ${plain(endpoint.under_way)}?`,
  effect: "Its abort alarm rolls it back to what served before. The alarm looks once a minute.",
  dollars: `The new instances are billed until they are gone; afterwards it is ${usd(endpoint.usd_per_hour)} an hour as before.`,
  fields: [WHY],
  confirm: "Abort it",
  danger: true,
  path: path(["endpoints", endpoint.endpoint, "abort"]),
  body: ({ why }) => ({ why }),
  said: () => "It was asked to stop",
});

export const schedule = (endpoint) => ({
  title: `When is ${plain(endpoint.endpoint)} on?`,
  effect:
    "Outside these hours it is deleted and its clients get an error; it is made again before they begin.",
  dollars: `It costs ${usd(endpoint.usd_per_hour)} for each hour that it is on, and nothing while it sleeps.`,
  fields: [
    {
      name: "on",
      label: "On",
      value: endpoint.schedule?.on ?? "cron(0 7 ? * MON-FRI *)",
      hint: "EventBridge Scheduler's form: minute, hour, day, month, weekday, year.",
    },
    { name: "off", label: "Off", value: endpoint.schedule?.off ?? "cron(0 19 ? * MON-FRI *)" },
    {
      name: "timezone",
      label: "Time zone",
      value:
        endpoint.schedule?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC",
    },
  ],
  confirm: "Set the schedule",
  method: "PUT",
  path: path(["endpoints", endpoint.endpoint, "schedule"]),
  body: ({ on, off, timezone }) => ({ on, off, timezone }),
  said: () => "The schedule was set",
});

export const unschedule = (endpoint) => ({
  title: `Clear the schedule of ${plain(endpoint.endpoint)}?`,
  effect: "It is on all the time. Where it sleeps now, it is made again.",
  dollars: `That is ${usd(endpoint.month_usd)} a month at the most.`,
  confirm: "Clear the schedule",
  method: "DELETE",
  path: path(["endpoints", endpoint.endpoint, "schedule"]),
  said: () => "The schedule was cleared",
});

export const stopExperiment = (endpoint, experiment) => ({
  title: `End ${plain(experiment.experiment_id)}?`,
  effect:
    "The challenger's instances go, and the champion answers everything. What was counted is kept.",
  dollars: `It would have cost ${usd(experiment.result?.cost_usd_at_most)} at the most until its deadline.`,
  fields: [WHY],
  confirm: "End the comparison",
  danger: true,
  path: path(["endpoints", endpoint, "experiments", experiment.experiment_id, "stop"]),
  body: ({ why }) => ({ why }),
  said: () => "The comparison is being ended",
});
