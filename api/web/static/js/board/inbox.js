// What waits is asked for anew when something happens to it, unless somebody is writing.
const inbox = () => document.querySelector("#inbox");

function refresh() {
  const writing = inbox().querySelector("details[open] :is(input, textarea, select)");
  if (!writing) window.htmx.trigger(inbox(), "refresh");
}

import("../live.js")
  .then(({ live }) => live({ trip: refresh, finding: refresh, inbox: refresh, reload: refresh }))
  .catch(() => setInterval(refresh, 30_000));
