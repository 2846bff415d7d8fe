// How a served model does on what it is asked now.
import { path } from "../api.js";
import { count, list, plain, share } from "../format.js";
import { html } from "../lib.js";
import { useLoad } from "../load.js";
import { Loaded, Unreadable } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { Badge, When } from "../parts/text.js";

const COLUMNS = [
  { name: "Window ended", lead: true, of: (one) => html`<${When} of=${one.end} exact />` },
  { name: "Variant", of: (one) => plain(one.variant) },
  { name: "Requests", right: true, of: (one) => count(one.requests) },
  {
    name: "Verdict",
    of: (one) => html`<${Badge} of=${list(one.breaches).length ? "breach" : "ok"} />`,
  },
  { name: "Because", of: (one) => plain(list(one.breaches).join("; ") || one.note) },
  { name: "Expected accuracy", right: true, of: (one) => share(one.estimated_accuracy) },
  { name: "Measured accuracy", right: true, of: (one) => share(one.live_accuracy?.share) },
];

export function Quality({ endpoint }) {
  const quality = useLoad(path(["endpoints", endpoint, "quality"]));
  return html`<section>
    <h2>Quality</h2>
    <${Loaded} of=${quality} what="quality">${(data) => html`<${Unreadable} of=${data.unreadable} what="hour" /><${Windows} rows=${rowsOf(data)} />`}<//>
  </section>`;
}

/** Flattens windows to a row for each variant, the newest first. */
export const rowsOf = (data) =>
  list(data.items).flatMap((one) => {
    const { window } = one;
    return Object.entries(window?.variants ?? {}).map(([variant, figures]) => ({
      variant,
      end: window.end,
      ...figures,
    }));
  });

const Windows = ({ rows }) =>
  rows.length === 0
    ? html`<p class="soft">No window has been judged yet: quality needs captured requests, and serve.yaml says how many.</p>`
    : html`<${Table} caption="Quality by window" columns=${COLUMNS} rows=${rows} />`;
