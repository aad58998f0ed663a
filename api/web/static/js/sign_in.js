// Sign in, and go on to where one wanted to, or works. A link from elsewhere comes without the cookie, although there is a session:
// then there is nothing to type.
import { showFault } from "./act.js";
import { Problem, api } from "./api.js";
import { t } from "./language.js";
import { arrive } from "./notices.js";
import { endOwed } from "./owed.js";

const form = document.querySelector("form[data-places]");
const places = JSON.parse(form.dataset.places);
const wanted = form.dataset.next;

function goOn(me) {
  if (me.must_change_password) return location.replace(`/sign-in/password?next=${encodeURIComponent(wanted)}`);
  const own = places.find((place) => place.roles.some((role) => me.roles.includes(role)));
  return wanted || own ? location.replace(wanted || own.path) : noRole();
}

function noRole() {
  const detail = t("您的账号目前没有任何角色，进入不了任何工作台，请联系管理员。", "Your account has no role at present and opens no workplace: ask the administrator.");
  showFault(form, new Problem(403, { detail }));
}

/** Who signed out here without a network is signed out first: else the sign-out would end the session that comes now. */
async function afterSignOut() {
  if (!(await endOwed(10))) throw new TypeError("a sign-out is owed");
}

form.addEventListener("sending", (event) => event.detail.until(afterSignOut()));
form.addEventListener("acted", async (event) => {
  await arrive().catch(() => {});
  localStorage.setItem("zhuanche-bureau", form.elements.bureau_id?.value ?? "");
  goOn(event.detail?.me ?? event.detail ?? JSON.parse(form.dataset.me));
});

if (form.elements.bureau_id) {
  form.elements.bureau_id.value ||= localStorage.getItem("zhuanche-bureau") ?? "";
  form.elements[form.elements.bureau_id.value ? "login" : "bureau_id"].focus();
  afterSignOut().then(() => api("GET", "/v1/session")).then(goOn).catch((fault) => { if (fault.status === 403) noRole(); });
}
