// The product's words for what happens, and the tone that each has on the page.

const TONES = {
  good: [
    "succeeded",
    "approved",
    "deployed",
    "inservice",
    "completed",
    "better",
    "settled",
    "ok",
    "restored",
    "done",
  ],
  warn: [
    "waiting_for_approval",
    "pendingmanualapproval",
    "waiting",
    "not_promoted",
    "inconclusive",
    "interrupted",
    "capacity",
    "quota",
    "asleep",
    "undecided",
    "medium",
    "warning",
    "out_of_service",
  ],
  bad: [
    "failed",
    "rejected",
    "rolled_back",
    "refused",
    "stopped",
    "aborted",
    "timed_out",
    "worse",
    "high",
    "alarm",
    "breach",
    "updaterollbackfailed",
    "expired",
    "user_error",
  ],
};

const WORDS = {
  inservice: "in service",
  pendingmanualapproval: "waiting for approval",
  rollingback: "rolling back",
  systemupdating: "updating",
  updaterollbackfailed: "rollback failed",
  sagemaker: "SageMaker",
  bedrock: "Bedrock",
  emr_serverless: "EMR Serverless",
  databricks: "Databricks",
  sagemaker_processing: "SageMaker Processing",
  ab: "A/B",
};

/** Returns a status in plain words: "waiting_for_approval" is "waiting for approval". */
export const word = (status) => {
  const text = String(status ?? "unknown");
  const parted = text.replace(/([a-z])([A-Z])/g, "$1 $2").replaceAll("_", " ");
  return WORDS[text.toLowerCase()] ?? parted.toLowerCase();
};

/** Returns good, warn, bad or info. */
export function tone(status) {
  const key = String(status ?? "").toLowerCase();
  return Object.keys(TONES).find((name) => TONES[name].includes(key)) ?? "info";
}

/** Statuses by which runs are filtered. */
export const RUN_STATUSES = [
  "running",
  "waiting_for_approval",
  "succeeded",
  "not_promoted",
  "rejected",
  "failed",
];

/** Whether a run may still change. */
export const isLive = (status) => ["starting", "running", "waiting_for_approval"].includes(status);
