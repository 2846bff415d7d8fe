// What a screen reader says without the focus moving.

/** Says a sentence in the page's live region. */
export function announce(sentence) {
  const region = document.getElementById("announcements");
  region.textContent = "";
  // An unchanged text is not said again; so it is set anew.
  requestAnimationFrame(() => {
    region.textContent = sentence;
  });
}
