// What every signed-in page does: acts, the theme's switch, and back to the way in when the session has ended.
import "./act.js";
import { t } from "./language.js";

const THEMES = ["auto", "light", "dark"];
const NAMES = { auto: t("自动", "Auto"), light: t("浅色", "Light"), dark: t("深色", "Dark") };

for (const button of document.querySelectorAll("[data-switch=theme]")) {
  const show = () => {
    const theme = document.documentElement.dataset.theme ?? "auto";
    button.textContent = `${t("主题：", "Theme: ")}${NAMES[theme]}`;
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

const signIn = () => location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
document.addEventListener("refused", (event) => { if (event.detail?.problem?.code === "not-signed-in") signIn(); });
document.addEventListener("htmx:responseError", (event) => { if (event.detail.xhr.status === 401) signIn(); });
