// A table of at most 8 columns that becomes cards on a narrow screen.
import { html } from "../lib.js";

/**
 * Columns are {name, of(row), right, lead}; `lead` heads the card on a narrow screen.
 */
export const Table = ({
  caption,
  columns,
  rows,
  keyOf,
  marked,
}) => html`<div class="scroll" tabindex="0" role="region" aria-label=${caption}>
  <table>
    <caption class="unseen">${caption}</caption>
    <thead>
      <tr>${columns.map((one) => html`<th scope="col" class=${one.right ? "n" : ""}>${one.name}</th>`)}</tr>
    </thead>
    <tbody>
      ${rows.map(
        (row, at) => html`<tr key=${keyOf ? keyOf(row) : at} class=${marked?.(row) ? "marked" : ""}>
          ${columns.map((one) => cell(one, row))}
        </tr>`,
      )}
    </tbody>
  </table>
</div>`;

function cell(column, row) {
  const names = [column.right && "n", column.lead && "lead"].filter(Boolean).join(" ");
  const inside = html`<span class="label" aria-hidden="true">${column.name}</span><span class="value">${column.of(row)}</span>`;
  return column.lead
    ? html`<th scope="row" class=${names}>${inside}</th>`
    : html`<td class=${names}>${inside}</td>`;
}
