// Before anything is drawn: the language this phone's user chose. The page is kept in one language and shown in either.
{
  const chosen = localStorage.getItem("zhuanche-language");
  const root = document.documentElement;
  if (chosen === "zh" || chosen === "en") root.dataset.language = chosen;
  root.lang = root.dataset.language === "en" ? "en" : "zh-CN";
}
