// A change is asked for twice: the second time with its dollars and its effect in a sentence.
import { announce } from "../announce.js";
import { change, newKey } from "../api.js";
import { html, useEffect, useRef, useState } from "../lib.js";
import { asProblem } from "../load.js";
import { Failure } from "./states.js";

/**
 * A button that opens a confirmation. `ask` is
 * {title, effect, dollars, fields, confirm, danger, method, path, body(values), said(answer)}.
 * `prepare(values)` may fetch what the dialog has to name, again when a field of `prepareBy` changes;
 * it returns `dollars`, a `view`, and `isRefused` where the act would not be done.
 */
export function Action({ label, name, ask, done, danger = false, disabled = false }) {
  const [isOpen, setOpen] = useState(false);
  return html`<button
      type="button"
      class=${danger ? "danger" : ""}
      disabled=${disabled}
      aria-haspopup="dialog"
      aria-label=${name}
      onClick=${() => setOpen(true)}
    >
      ${label}</button
    >${isOpen && html`<${Dialog} ask=${ask} done=${done} close=${() => setOpen(false)} />`}`;
}

function Dialog({ ask, done, close }) {
  const own = useRef(null);
  // One key for one dialog: a second press, or a repeat after a time-out, acts once.
  const [key] = useState(newKey);
  const [values, setValues] = useState(() => initial(ask.fields));
  const [state, setState] = useState({ isBusy: false, problem: null });
  const prepared = usePrepared(ask, values);
  useEffect(() => {
    own.current.showModal();
  }, []);
  const finish = (answer) => {
    own.current?.close();
    announce(ask.said?.(answer) ?? `${ask.confirm}: accepted`);
    done?.(answer);
  };
  const act = async (event) => {
    event.preventDefault();
    setState({ isBusy: true, problem: null });
    try {
      const answer = await change(ask.method ?? "POST", ask.path, ask.body?.(values), key);
      finish(answer);
    } catch (error) {
      setState({ isBusy: false, problem: asProblem(error) });
    }
  };
  const blocked = state.isBusy || prepared.isBusy || prepared.isRefused;
  return html`<dialog ref=${own} onClose=${close} aria-labelledby="ask-title" aria-describedby="ask-effect">
    <form onSubmit=${act}>
      <h2 id="ask-title">${ask.title}</h2>
      <div id="ask-effect">
        <p>${ask.effect}</p>
        <${Dollars} of=${prepared.dollars ?? ask.dollars} />
        ${prepared.view}
      </div>
      ${(ask.fields ?? []).map((field) => html`<${Field} field=${field} value=${values[field.name]} set=${(value) => setValues((old) => ({ ...old, [field.name]: value }))} />`)}
      ${(state.problem ?? prepared.problem) && html`<${Failure} problem=${state.problem ?? prepared.problem} compact />`}
      <div class="buttons">
        <button type="button" onClick=${() => own.current.close()}>Cancel</button>
        <button type="submit" class=${ask.danger ? "danger filled" : "filled"} disabled=${blocked}>
          ${state.isBusy ? "Sending…" : ask.confirm}
        </button>
      </div>
    </form>
  </dialog>`;
}

/** Asks what the act would do and cost, where that has to be asked first. */
function usePrepared(ask, values) {
  const [state, setState] = useState({ isBusy: Boolean(ask.prepare) });
  const about = JSON.stringify((ask.prepareBy ?? []).map((name) => values[name]));
  useEffect(() => {
    if (!ask.prepare) return undefined;
    let isGone = false;
    setState({ isBusy: true });
    ask
      .prepare(values)
      .then((found) => !isGone && setState({ isBusy: false, ...found }))
      .catch(
        (error) =>
          !isGone && setState({ isBusy: false, isRefused: true, problem: asProblem(error) }),
      );
    return () => {
      isGone = true;
    };
  }, [about]);
  return state.isBusy
    ? {
        ...state,
        view: html`<p class="soft" role="status">Checking what it would do and cost…</p>`,
      }
    : state;
}

const Dollars = ({ of }) => of && html`<p class="dollars">${of}</p>`;

const initial = (fields = []) =>
  Object.fromEntries(fields.map((one) => [one.name, one.value ?? ""]));

function Field({ field, value, set }) {
  const id = `ask-${field.name}`;
  const common = {
    id,
    name: field.name,
    value,
    required: field.required ?? true,
    "aria-describedby": field.hint ? `${id}-hint` : undefined,
  };
  const onInput = (event) => set(event.target.value);
  return html`<div class="field">
    <label for=${id}>${field.label}</label>
    ${
      field.options
        ? html`<select ...${common} onChange=${onInput}>${field.options.map(([key, name]) => html`<option value=${key}>${name}</option>`)}</select>`
        : html`<input type=${field.type ?? "text"} maxlength=${field.longest ?? 500} min=${field.min} ...${common} onInput=${onInput} />`
    }
    ${field.hint && html`<p class="soft" id="${id}-hint">${field.hint}</p>`}
  </div>`;
}
