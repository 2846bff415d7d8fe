// The address is the state: `#/runs?project=reviews&status=failed` names page and filters.
import { useEffect, useState } from "./lib.js";

/** Returns path, parts and query of a hash such as `#/runs/r-1?x=1`. */
export function parse(hash) {
  const [path, query] = hash.replace(/^#?\/?/, "").split(/\?(.*)/s);
  return {
    parts: path.split("/").filter(Boolean).map(decoded),
    query: Object.fromEntries(new URLSearchParams(query ?? "")),
  };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // A stray % that somebody typed.
  }
}

/** Returns the address of a page; filters that are empty are left out. */
export function address(parts, query = {}) {
  const set = Object.entries(query).filter(([, value]) => value !== "" && value != null);
  const search = new URLSearchParams(set).toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${search && `?${search}`}`;
}

/** Follows the address bar. */
export function useRoute() {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return parse(hash);
}

/** Goes to an address; `replace` leaves no entry in the history. */
export function go(to, { replace = false } = {}) {
  if (replace) {
    history.replaceState(null, "", to);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = to;
  }
}
