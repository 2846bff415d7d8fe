// Approval of a model version in the registry.
import { path } from "../api.js";
import { plain } from "../format.js";

export const answerModel = (project, model, isYes) => ({
  title: `${isYes ? "Approve" : "Reject"} version ${plain(model.version)} of ${plain(project)}?`,
  effect: isYes
    ? "It becomes the champion that later candidates are compared with. A stack that deploys on approval rolls it out."
    : "It will not be deployed, and the next candidate is compared with the version before it. What serves already goes on to serve.",
  dollars: isYes
    ? "The registry costs nothing; a roll-out, where there is one, is billed as its page says."
    : "Nothing is billed for it.",
  fields: [{ name: "why", label: "Why (kept with the version)", required: false }],
  confirm: isYes ? "Approve the version" : "Reject the version",
  danger: !isYes,
  path: path(["projects", project, "models", String(model.version), "approval"]),
  body: ({ why }) => ({ status: isYes ? "Approved" : "Rejected", ...(why && { why }) }),
  said: () => `Version ${plain(model.version)} was ${isYes ? "approved" : "rejected"}`,
});
