// A person's answer to a run that asked before it spends.
import { path } from "../api.js";
import { plain, usd } from "../format.js";

const isPreparation = (asked) => asked.part === "preparation";
const hasSpent = (asked) => Number(asked.spent_usd ?? 0) > 0;

const YES_PREPARATION = {
  effect:
    "The preparation starts at once. Its training has no price yet; you are asked again if the run may cost more than this.",
};
const YES = {
  effect: "Training starts at once. It stops by itself where its worst case is reached.",
  confirm: "Approve and start",
  said: () => "Approved: the run goes on",
};
const NO = {
  effect: "Nothing is trained and no more is spent. The run ends as rejected; its data stays.",
  confirm: "Reject",
  danger: true,
  said: () => "Rejected: the run ends",
};

export const answerApproval = (asked, isYes) => ({
  ...(isYes ? YES : NO),
  ...(isYes && isPreparation(asked) ? YES_PREPARATION : {}),
  title: `${isYes ? "Approve" : "Reject"} ${plain(asked.run_id ?? asked.project)}?`,
  dollars: isYes
    ? `It may cost ${usd(asked.worst_case_usd)} at the most${asked.expected_usd ? `; ${usd(asked.expected_usd)} are expected` : ""}${hasSpent(asked) ? `; its preparation took ${usd(asked.spent_usd)} of that` : ""}.`
    : `It would have cost ${usd(asked.worst_case_usd)} at the most.`,
  path: path(["approvals", asked.approval_id, isYes ? "approve" : "reject"]),
  // A run may ask twice: a yes is one to the dollars that are shown.
  body: () => (isYes ? { worst_case_usd: asked.worst_case_usd } : {}),
});
