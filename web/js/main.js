// Starts the page: the address says which part of it is shown.
import { html, render, useErrorBoundary } from "./lib.js";
import { Frame } from "./parts/frame.js";
import { Failure } from "./parts/states.js";
import { pageOf } from "./pages.js";
import { nonsense } from "./problem.js";
import { useRoute } from "./router.js";

function App() {
  const { parts, query } = useRoute();
  const [section = "runs"] = parts;
  return html`<${Frame} here=${section}><${Guarded} key=${parts.join("/")} parts=${parts} query=${query} /><//>`;
}

/** A page that meets what it cannot read says so; the frame stays. */
function Guarded({ parts, query }) {
  const [error, reset] = useErrorBoundary();
  if (error)
    return html`<${Failure} problem=${nonsense(0, String(error.message ?? error))} retry=${reset} />`;
  const { Page, ...given } = pageOf(parts);
  return html`<div class="page"><${Page} query=${query} parts=${parts} ...${given} /></div>`;
}

const root = document.getElementById("page");
root.textContent = "";
render(html`<${App} />`, root);
