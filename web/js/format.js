// Values as people read them. What is not known says so; it is never 0.

export const UNKNOWN = "unknown";

const DOLLARS = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
// A run may cost some cents: their parts count.
const CENTS = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  maximumFractionDigits: 4,
});
const SMALL = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  maximumSignificantDigits: 2,
});
const WHOLE = new Intl.NumberFormat("en-US");
const DATE = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZone: "UTC",
});

// Controls, and marks that turn the direction of what follows: shown as what they are, not obeyed.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Returns a stranger's text without characters that would change how others are read. */
export const plain = (value) =>
  value == null
    ? ""
    : String(value)
        .replace(/[\n\t]+/g, " ")
        .replace(UNSEEN, "\ufffd");

/** Returns whom an ARN or an account names, as people call them. */
export function caller(who) {
  const text = String(who ?? "");
  if (/^\d{12}$/.test(text)) return `account ${text}`;
  const root = /^arn:[^:]*:iam::(\d*):root$/.exec(text);
  return root ? `root of account ${root[1]}` : text.split("/").at(-1);
}

const isDecimal = (value) => /^-?\d+(\.\d+)?(e-?\d+)?$/i.test(String(value ?? ""));

/** Returns dollars of a decimal string: "$1.20", "$0.0042", "unknown". */
export function usd(value) {
  if (!isDecimal(value)) return UNKNOWN;
  const size = Math.abs(Number(value));
  if (size > 0 && size < 0.01) return SMALL.format(Number(value));
  return (size < 1 ? CENTS : DOLLARS).format(String(value));
}

export const hourly = (value) => (isDecimal(value) ? `${usd(value)}/hour` : UNKNOWN);
/** Returns the hour's bill of all that runs; where a part is unknown, what is known at least. */
export function runningNow(of) {
  const parts = of.running_parts;
  if (of.running_usd_per_hour != null || !parts) return hourly(of.running_usd_per_hour);
  const known = [
    parts.training_usd_per_hour,
    parts.preparation_usd_per_hour,
    parts.endpoints_usd_per_hour,
  ].map(Number);
  const sum = known.reduce((left, right) => left + right, 0);
  return sum > 0 ? `${hourly(sum.toFixed(4))} and unknown` : UNKNOWN;
}

export const monthly = (value) => (isDecimal(value) ? `${usd(value)}/month` : UNKNOWN);

export const count = (value) =>
  typeof value === "number" && Number.isFinite(value) ? WHOLE.format(value) : UNKNOWN;

/** Returns "1 run", "2 runs". */
export const counted = (number, one, many = `${one}s`) =>
  `${count(number)} ${number === 1 ? one : many}`;

export const share = (value, digits = 1) =>
  typeof value === "number" && Number.isFinite(value)
    ? `${(value * 100).toFixed(digits)} %`
    : UNKNOWN;

export const figure = (value, digits = 3) =>
  typeof value === "number" && Number.isFinite(value) ? value.toFixed(digits) : UNKNOWN;

/** Returns "30 Nov 2026, 06:45 UTC". */
export function time(value) {
  const at = new Date(value ?? "");
  return Number.isNaN(at.getTime()) ? UNKNOWN : `${DATE.format(at)} UTC`;
}

const STEPS = [
  [60, "s"],
  [60, "min"],
  [24, "h"],
  [Infinity, "d"],
];

/** Returns "42 s", "7 min", "3 h", "2 d". */
export function duration(seconds) {
  if (typeof seconds !== "number" || !Number.isFinite(seconds)) return UNKNOWN;
  let left = Math.max(0, seconds);
  for (const [size, unit] of STEPS) {
    if (left < size)
      return `${left < 10 && unit !== "s" ? left.toFixed(1).replace(".0", "") : Math.floor(left)} ${unit}`;
    left /= size;
  }
  return UNKNOWN;
}

/** Returns how long ago, or how long until. */
export function ago(value, now = Date.now()) {
  const at = new Date(value ?? "").getTime();
  if (Number.isNaN(at)) return UNKNOWN;
  const seconds = (now - at) / 1000;
  return seconds >= 0 ? `${duration(seconds)} ago` : `in ${duration(-seconds)}`;
}

/** Returns the seconds between two times, or null. */
export function between(start, end) {
  const [from, to] = [new Date(start ?? "").getTime(), new Date(end ?? "").getTime()];
  return Number.isNaN(from) || Number.isNaN(to) ? null : (to - from) / 1000;
}

/** Returns the list, or none where the answer has something else in its place. */
export const list = (value) => (Array.isArray(value) ? value : []);
