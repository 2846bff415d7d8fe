// What a person may do to a run, with its dollars and its effect.
import { path } from "../api.js";
import { plain, usd } from "../format.js";

export const stopRun = (run) => ({
  title: `Stop ${plain(run.run_id)}?`,
  effect:
    "The training job is stopped, what is held for it is given back, and no model comes of it. A stopped run cannot go on; upload the data again to repeat it.",
  dollars: `Billed so far: ${usd(run.progress?.cost_so_far_usd ?? run.cost_usd)}. No longer at risk: ${usd(run.worst_case_usd)} at the most.`,
  fields: [{ name: "why", label: "Why (kept with the run)", required: false }],
  confirm: "Stop the run",
  danger: true,
  path: path(["runs", run.run_id, "stop"]),
  body: ({ why }) => (why ? { why } : {}),
  said: () => "The run is being stopped",
});
