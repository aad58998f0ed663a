// What waits is asked for anew when something happens to it, unless somebody is writing.
import { live } from "../live.js";
import { showState } from "./live_state.js";

const inbox = () => document.querySelector("#inbox");

let missed = false;

/** Tell whether somebody writes there, or has: what was typed stays until it is sent or taken back. */
function writing() {
  const controls = [...inbox().querySelectorAll("input:not([type=hidden]), textarea, select")];
  return controls.some((one) => one === document.activeElement || one.closest("details[open]")
    || (one.value !== (one.defaultValue ?? "") && one.tagName !== "SELECT"));
}

function refresh() {
  missed = writing();
  if (!missed) window.htmx.trigger(inbox(), "refresh");
}

/** Make up for what was not asked for while somebody wrote. */
function makeUp() {
  setTimeout(() => { if (missed) refresh(); }, 0);
}
document.addEventListener("focusout", makeUp);
document.addEventListener("toggle", makeUp, true);

live({ trip: refresh, finding: refresh, inbox: refresh, reload: refresh, state: showState });
