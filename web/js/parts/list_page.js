// What all lists share: filters and the place in the list are in the address.
import { path } from "../api.js";
import { counted, list } from "../format.js";
import { html, useEffect } from "../lib.js";
import { announce } from "../announce.js";
import { isList, useLoad } from "../load.js";
import { address, go } from "../router.js";
import { Empty, Loaded, Unreadable } from "./states.js";
import { Table } from "./table.js";

export const PAGE_SIZE = 50;
const EVERY_SECONDS = 10;

/**
 * `parts` is the route of page and API alike; `filters` are names in the query. `every` says
 * whether a list that holds something live is asked again.
 */
export function List({
  api,
  parts,
  query,
  filters = [],
  what,
  columns,
  keyOf,
  empty,
  isLive = () => false,
  marked,
}) {
  const chosen = Object.fromEntries(filters.map((name) => [name, query[name]]));
  const token = query.next_token;
  const loaded = useLoad(path(api, { ...chosen, limit: PAGE_SIZE, next_token: token }), {
    check: isList,
    every: (data) => (data?.items.some(isLive) ? EVERY_SECONDS : null),
  });
  const many = loaded.data?.items.length;
  useEffect(() => {
    if (many !== undefined) announce(`${counted(many, what)} shown`);
  }, [many, token]);
  const page = (next) => address(parts, { ...chosen, next_token: next });
  return html`<${Loaded} of=${loaded} what="${what}s">
    ${(data) => html`<${Unreadable} of=${data.unreadable} what=${what} />
      ${
        data.items.length === 0
          ? nothing(data, empty)
          : html`<${Table} caption="${what}s" ...${{ columns, keyOf, marked, rows: data.items }} />`
      }
      ${
        (data.items.length > 0 || token || data.next_token) &&
        html`<nav class="pager" aria-label="Pages of the list">
          <span class="soft">${counted(many, what)} on this page</span>
          ${token && html`<a class="button" href=${page(null)}>First page</a>`}
          ${data.next_token && html`<a class="button" href=${page(data.next_token)}>Next ${PAGE_SIZE}</a>`}
        </nav>`
      }`}
  <//>`;
}

/** A list is not empty while there is something that could not be read, or a next page. */
const nothing = (data, empty) =>
  !data.next_token && list(data.unreadable).length === 0 && html`<${Empty}>${empty}<//>`;

/** Filters whose values are in the address; what is chosen begins at the first page. */
export function Filters({ parts, query, fields }) {
  const set = (name, value) => {
    const kept = Object.fromEntries(fields.map((one) => [one.name, query[one.name]]));
    go(address(parts, { ...kept, [name]: value }), { replace: true });
  };
  const isSet = fields.some((one) => query[one.name]);
  return html`<form class="filters" role="search" onSubmit=${(event) => event.preventDefault()}>
    ${fields.map((field) => html`<label>${field.label} ${control(field, query[field.name] ?? "", set)}</label>`)}
    ${isSet && html`<a class="button" href=${address(parts)}>Clear filters</a>`}
  </form>`;
}

function control(field, value, set) {
  const change = (event) => set(field.name, event.target.value.trim());
  if (!field.options) {
    return html`<input type="search" value=${value} placeholder=${field.hint ?? ""} onChange=${change} />`;
  }
  return html`<select value=${value} onChange=${change}>
    <option value="">all</option>
    ${field.options.map(([key, name]) => html`<option value=${key}>${name}</option>`)}
  </select>`;
}
