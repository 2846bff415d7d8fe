// Which page an address opens.
import { html } from "./lib.js";
import { Approvals } from "./pages/approvals.js";
import { Audit } from "./pages/audit.js";
import { Audits } from "./pages/audits.js";
import { Budget } from "./pages/budget.js";
import { Endpoint } from "./pages/endpoint.js";
import { Endpoints } from "./pages/endpoints.js";
import { Findings } from "./pages/findings.js";
import { Models } from "./pages/models.js";
import { Projects } from "./pages/projects.js";
import { Restores } from "./pages/restores.js";
import { Run } from "./pages/run.js";
import { Runs } from "./pages/runs.js";
import { Empty, Heading } from "./parts/states.js";

const LISTS = {
  runs: Runs,
  approvals: Approvals,
  models: Projects,
  endpoints: Endpoints,
  audits: Audits,
  findings: Findings,
  restores: Restores,
  budget: Budget,
};
const SINGLES = { runs: Run, models: Models, endpoints: Endpoint, audits: Audit };

/** Returns {Page, id} of the parts of an address. */
export function pageOf(parts) {
  const [section = "runs", id, ...rest] = parts;
  if (rest.length === 0 && id !== undefined && Object.hasOwn(SINGLES, section))
    return { Page: SINGLES[section], id };
  if (rest.length === 0 && id === undefined && Object.hasOwn(LISTS, section))
    return { Page: LISTS[section] };
  return { Page: Unknown };
}

const Unknown = () => html`<${Heading}>There is no such page<//>
  <${Empty}><p>The address may be mistyped. The menu above has every page.</p><//>`;
