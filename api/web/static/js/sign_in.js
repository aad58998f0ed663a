// Sign in, and go on to where one wanted to, or works. A link from elsewhere comes without the cookie, although there is a session:
// then there is nothing to type.
import "./act.js";
import { api } from "./api.js";

const form = document.querySelector("form[data-places]");
const places = JSON.parse(form.dataset.places);
const wanted = form.dataset.next;

function goOn(me) {
  if (me.must_change_password) return location.replace(`/sign-in/password?next=${encodeURIComponent(wanted)}`);
  const own = places.find((place) => place.roles.some((role) => me.roles.includes(role)));
  return location.replace(wanted || own?.path || "/sign-in");
}

form.addEventListener("acted", (event) => {
  localStorage.setItem("zhuanche-bureau", form.elements.bureau_id?.value ?? "");
  goOn(event.detail?.me ?? event.detail ?? JSON.parse(form.dataset.me));
});

if (form.elements.bureau_id) {
  form.elements.bureau_id.value ||= localStorage.getItem("zhuanche-bureau") ?? "";
  form.elements[form.elements.bureau_id.value ? "login" : "bureau_id"].focus();
  api("GET", "/v1/session").then(goOn).catch(() => {});
}
