// What the file beside the page says: where its API is, and whether a reader signs in.

/**
 * `stack`, `region`, `is_embedded`; `api.path` below the page's own origin. `sign_in` is null where
 * the page's server signs (`thriftline ui`); else the page does, as for `api.origin`.
 */
export let settings = null;

/** Reads the file; everything else needs it. */
export async function loadSettings() {
  const response = await fetch("config.json", { cache: "no-store" });
  const found = response.ok ? await response.json() : null;
  if (typeof found?.api?.path !== "string") throw new Error("config.json is missing or no setting");
  settings = found;
}

/** Whether the page itself signs its calls, as the person who signed in. */
export const isHosted = () => Boolean(settings?.sign_in);
