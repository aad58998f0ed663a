// The language of the page, and the texts of modules: pairs where they are used.
export const language = document.documentElement.dataset.language === "en" ? "en" : "zh";
export const locale = language === "en" ? "en-GB" : "zh-CN";
export const t = (zh, en) => (language === "en" ? en : zh);
