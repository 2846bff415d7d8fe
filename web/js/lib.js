// The one place that knows the vendored library.
export {
  html,
  render,
  useCallback,
  useEffect,
  useErrorBoundary,
  useRef,
  useState,
} from "../vendor/htm-preact-3.1.1.js";
