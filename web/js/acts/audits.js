// What a person may do about audits and their findings.
import { path } from "../api.js";
import { plain, usd } from "../format.js";

const DAY = 86_400_000;
const inDays = (days) => new Date(Date.now() + days * DAY).toISOString().slice(0, 10);

export const audit = () => ({
  title: "Audit the account now?",
  effect:
    "Every rule looks at the account and a report is written. Nothing is changed: the mode is report.",
  dollars:
    "It costs some cents of AWS requests: about 0.01 USD for each page that Cost Explorer answers.",
  confirm: "Start the audit",
  path: path(["audits"]),
  body: () => ({ mode: "report" }),
  said: (answer) => `Audit ${plain(answer.id)} was started`,
});

export const accept = (finding) => ({
  title: `Accept ${plain(finding.title)}?`,
  effect: `${plain(finding.resource)} is left as it is, and reports list it apart until the day below.`,
  dollars: `It goes on to cost ${usd(finding.monthly_usd)} a month more than it has to.`,
  fields: [
    { name: "reason", label: "Reason" },
    { name: "until", label: "Until", type: "date", value: inDays(90), min: inDays(1) },
  ],
  confirm: "Accept the finding",
  path: path(["findings", finding.key, "accept"]),
  body: ({ reason, until }) => ({ reason, until }),
  said: () => "The finding was accepted",
});

export const restore = (saved) => ({
  title: `Restore ${plain(saved.endpoint)}?`,
  effect:
    "The endpoint is made again from what was saved: configuration, tags and scaling. It takes some minutes.",
  dollars: `It is billed again: ${usd(saved.month_usd)} a month at the most.`,
  confirm: "Restore the endpoint",
  path: path(["restores"]),
  body: () => ({
    endpoint: saved.endpoint,
    account: saved.account,
    region: saved.region,
    created: saved.created,
  }),
  said: (answer) => `Restore ${plain(answer.id)} was started`,
});
