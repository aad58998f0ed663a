// What waits is asked for anew when something happens to it, unless somebody is writing.
import { live } from "../live.js";
import { showState } from "./live_state.js";

const inbox = () => document.querySelector("#inbox");

function refresh() {
  const writing = inbox().querySelector("details[open] :is(input, textarea, select)");
  if (!writing) window.htmx.trigger(inbox(), "refresh");
}

live({ trip: refresh, finding: refresh, inbox: refresh, reload: refresh, state: showState });
