// What every signed-in page does: acts, the theme's switch, and back to the way in when the session has ended.
import "./act.js";
import { t } from "./language.js";
import "./refresh.js";

const THEMES = ["auto", "light", "dark"];
const NAMES = { auto: t("自动", "Auto"), light: t("浅色", "Light"), dark: t("深色", "Dark") };

for (const button of document.querySelectorAll("[data-switch=theme]")) {
  const show = () => {
    const theme = document.documentElement.dataset.theme ?? "auto";
    button.textContent = NAMES[theme];
    button.ariaLabel = `${t("主题：", "Theme: ")}${NAMES[theme]}`;
    button.title = button.ariaLabel;
  };
  button.addEventListener("click", () => {
    const now = document.documentElement.dataset.theme ?? "auto";
    const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
    if (next === "auto") {
      delete document.documentElement.dataset.theme;
      localStorage.removeItem("zhuanche-theme");
    } else {
      document.documentElement.dataset.theme = next;
      localStorage.setItem("zhuanche-theme", next);
    }
    show();
  });
  show();
}

document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

/** Tell whether somebody has written or chosen something on this page that would be lost with it. */
function somethingTyped() {
  return [...document.querySelectorAll("input:not([type=hidden]), textarea, select")].some((control) => {
    if (control.type === "checkbox" || control.type === "radio") return control.checked !== control.defaultChecked;
    if (control.type === "file") return control.files.length > 0;
    if (control.tagName !== "SELECT") return control.value !== control.defaultValue;
    const first = [...control.options].findIndex((one) => one.defaultSelected);
    return control.selectedIndex !== Math.max(first, 0);
  });
}

/** The session has ended: go to the way in, or show it beside what was typed, which is sent once one is back. */
export function ended(form) {
  const way = `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
  if (!somethingTyped()) {
    location.assign(way);
    return;
  }
  let place = form?.querySelector("[role=alert]") ?? document.querySelector("#ended");
  if (!place) {
    place = Object.assign(document.createElement("div"), { id: "ended", className: "alert" });
    place.setAttribute("role", "alert");
    document.querySelector("#main").prepend(place);
  }
  const link = Object.assign(document.createElement("a"), { href: way, target: "_blank", rel: "noopener" });
  link.textContent = t("在新标签页登录", "Sign in in a new tab");
  const said = t("会话已结束，所填内容仍在本页：", "The session has ended, and what you typed is still here: ");
  place.replaceChildren(said, link, t("，然后回到这里再提交。", ", then come back and send it."));
}

document.addEventListener("refused", (event) => {
  if (event.detail?.problem?.code === "not-signed-in") ended(event.target);
});
document.addEventListener("htmx:responseError", (event) => { if (event.detail.xhr.status === 401) ended(null); });
document.addEventListener("acted", () => document.querySelector("#ended")?.remove());

// Who signs out is told nothing more on this browser, which others may use.
document.addEventListener("sending", (event) => {
  if (event.target.dataset.act !== "DELETE /v1/session") return;
  event.detail.until(import("./notices.js").then((notices) => notices.leave()).catch(() => {}));
});
