// One way to ask for something: loading, slow, failed, ready; asked again while it may change.
import { get } from "./api.js";
import { useCallback, useEffect, useRef, useState } from "./lib.js";
import { nonsense, Problem } from "./problem.js";

const SLOW_SECONDS = 3;
const START = { data: null, problem: null, isSlow: false };

/** Asks for a path; `every` seconds again, as long as `every(data)` is a number. */
export function useLoad(path, { every = () => null, check = () => true } = {}) {
  const [state, setState] = useState(START);
  const [turn, setTurn] = useState(0);
  const asked = useRef({ every, check });
  asked.current = { every, check };
  const shown = useRef(null);
  const last = useRef(null);
  useEffect(() => {
    if (path === null) return undefined;
    // Another path has nothing of the former one; a reload keeps what is on the screen.
    if (shown.current !== path) {
      setState(START);
      last.current = null;
    }
    shown.current = path;
    const stop = new AbortController();
    const slow = setTimeout(
      () => setState((old) => ({ ...old, isSlow: true })),
      SLOW_SECONDS * 1000,
    );
    let again = null;
    const repeat = () => {
      const seconds = asked.current.every(last.current);
      if (seconds) again = setTimeout(() => setTurn((old) => old + 1), seconds * 1000);
    };
    get(path, stop.signal)
      .then((data) => {
        if (!asked.current.check(data)) throw nonsense(200);
        setState({ data, problem: null, isSlow: false });
        last.current = data;
        repeat();
      })
      .catch((error) => {
        if (stop.signal.aborted) return;
        setState((old) => ({ ...old, problem: asProblem(error), isSlow: false }));
        repeat();
      })
      .finally(() => clearTimeout(slow));
    return () => {
      stop.abort();
      clearTimeout(slow);
      clearTimeout(again);
    };
  }, [path, turn]);
  const reload = useCallback(() => setTurn((old) => old + 1), []);
  return { ...state, reload, isLoading: path !== null && !state.data && !state.problem };
}

export const isList = (data) => Array.isArray(data?.items);

export const asProblem = (error) =>
  error instanceof Problem ? error : nonsense(0, String(error?.message ?? error));
