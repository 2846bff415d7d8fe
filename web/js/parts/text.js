// Small pieces of text. Everything that strangers wrote goes through Name: it stays text.
import { ago, plain, time, usd, UNKNOWN } from "../format.js";
import { html } from "../lib.js";
import { tone, word } from "../words.js";

/** A name that a stranger gave; it turns nothing around it, whatever it holds. */
export const Name = ({ of }) => html`<bdi class="name">${plain(of) || UNKNOWN}</bdi>`;

/** A status in the product's words, with its tone. */
export const Badge = ({ of }) => html`<span class="badge ${tone(of)}">${plain(word(of))}</span>`;

/** Dollars; an unknown amount says so. */
export const Money = ({ of, per = "" }) => {
  const text = usd(of);
  return html`<span class=${text === UNKNOWN ? "money soft" : "money"}
    >${text}${text !== UNKNOWN && per ? html`<span class="soft">/${per}</span>` : ""}</span
  >`;
};

/** When something was, with the exact time beside it for who wants it. */
export const When = ({ of, exact = false }) =>
  time(of) === UNKNOWN
    ? html`<span class="soft">${UNKNOWN}</span>`
    : html`<time datetime=${of} title=${time(of)}>${exact ? time(of) : ago(of)}</time>`;

/** Terms with their values; a pair without a value is left out. */
export const Facts = ({ rows }) => html`<dl class="facts">
  ${rows
    .filter((row) => row && row[1] !== null && row[1] !== undefined && row[1] !== "")
    .map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
</dl>`;
