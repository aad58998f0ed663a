// A part that is told to "refresh" while its last answer is on the way is asked for once more after it: that answer may be older than what
// is told of. htmx would queue it on the element that the answer replaces, and forget it with that. Another day or list that was chosen
// within a part goes before its refresh: an answer of the one before would be written over it, or take the chosen link away with it.

const again = new Set();
const chosen = new Set();

document.addEventListener("refresh", (event) => {
  const { target } = event;
  if (!chosen.has(target.id) && !target.classList.contains("htmx-request")) return;
  again.add(target.id);
  event.stopImmediatePropagation();
}, true); // before htmx itself hears it

document.addEventListener("htmx:beforeRequest", ({ detail: { target, requestConfig: { elt } } }) => {
  if (elt === target || !target.contains(elt)) return;
  chosen.add(target.id);
  window.htmx.trigger(target, "htmx:abort");
});

document.addEventListener("htmx:afterRequest", ({ detail: { target, requestConfig: { elt } } }) => {
  if (elt !== target) chosen.delete(target.id);
  if (!chosen.has(target.id) && again.delete(target.id)) window.htmx.trigger(document.getElementById(target.id), "refresh");
});
