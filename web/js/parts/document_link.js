// A document of the API: opened where the page's server signs; else asked for, signed, and saved.
import { documentAddress, getDocument } from "../api.js";
import { html, useState } from "../lib.js";
import { asProblem } from "../load.js";
import { isHosted } from "../settings.js";
import { Failure } from "./states.js";
import { Name } from "./text.js";

const KEPT_SECONDS = 60;

export function DocumentLink({ href, name }) {
  const [problem, setProblem] = useState(null);
  const address = documentAddress(href);
  if (!isHosted() || !address)
    return html`<a href=${address} target="_blank" rel="noopener noreferrer"><${Name} of=${name} /></a>`;
  const save = () =>
    getDocument(href)
      .then((body) => offer(body, name))
      .then(() => setProblem(null))
      .catch((error) => setProblem(asProblem(error)));
  return html`<button type="button" class="link" onClick=${save}><span class="unseen">Save </span><${Name} of=${name} /></button>
    ${problem && html`<${Failure} problem=${problem} compact />`}`;
}

function offer(body, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(body);
  link.download = name;
  link.click();
  // A browser may read it only after this; one that asks where to save it, much later.
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_SECONDS * 1000);
}
