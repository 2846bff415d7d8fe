// Starts the page: the address says which part of it is shown.
import { comeBack, isBack, tokens } from "./account/sign_in.js";
import { html, render, useEffect, useErrorBoundary, useState } from "./lib.js";
import { asProblem } from "./load.js";
import { Frame } from "./parts/frame.js";
import { Failure } from "./parts/states.js";
import { pageOf } from "./pages.js";
import { nonsense, unreachable } from "./problem.js";
import { useRoute } from "./router.js";
import { isHosted, loadSettings, settings } from "./settings.js";
import { SignedOut } from "./parts/signed_out.js";

function App({ problem }) {
  const { parts, query } = useRoute();
  const [isOut, setOut] = useState(isHosted() && !tokens());
  useEffect(() => {
    const end = () => setOut(true);
    addEventListener("signed-out", end);
    return () => removeEventListener("signed-out", end);
  }, []);
  if (isOut) return html`<${SignedOut} because=${problem} />`;
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

/** Returns what kept somebody from signing in, null where nothing did. */
async function start() {
  await loadSettings().catch((error) => {
    throw error instanceof TypeError ? unreachable() : error;
  });
  if (!isHosted() || !isBack()) return null;
  return comeBack(settings.sign_in).then(() => null, asProblem);
}

const root = document.getElementById("page");
const view = await start().then(
  (problem) => html`<${App} problem=${problem} />`,
  (error) => html`<main><${Failure} problem=${asProblem(error)} /></main>`,
);
root.textContent = "";
render(view, root);
