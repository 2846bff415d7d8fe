// Projects, each with its models.
import { html } from "../lib.js";
import { List } from "../parts/list_page.js";
import { Heading } from "../parts/states.js";
import { Name } from "../parts/text.js";
import { address } from "../router.js";

const COLUMNS = [
  {
    name: "Project",
    lead: true,
    of: (one) =>
      html`<a href=${address(["models", one.project])}><${Name} of=${one.project} /></a>`,
  },
  {
    name: "Runs",
    of: (one) => html`<a href=${address(["runs"], { project: one.project })}>its runs</a>`,
  },
];

export const Projects = ({ query }) => html`
  <${Heading}>Models<//>
  <p class="intro">Choose a project to compare its versions side by side.</p>
  <${List} api=${["projects"]} parts=${["models"]} query=${query} what="project" columns=${COLUMNS} keyOf=${(one) => one.project} empty=${html`<p>No project has a model yet. A run that succeeds registers one.</p>`} />
`;
