// Before the first paint: the theme and the size of text that this browser's user chose. Classic script: modules come later.
for (const [name, choices] of Object.entries({ theme: ["light", "dark"], text: ["large"] })) {
  const chosen = localStorage.getItem(`zhuanche-${name}`);
  if (choices.includes(chosen)) document.documentElement.dataset[name] = chosen;
}
