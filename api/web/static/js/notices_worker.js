// Shows what is pushed, in the browser's language, and opens its page. Nothing is kept here.

self.addEventListener("push", (event) => event.waitUntil(show(event.data)));

async function show(data) {
  const told = data.json();
  const language = navigator.language.startsWith("zh") ? "zh" : "en";
  const { title, body } = told[language];
  await self.registration.showNotification(title, {
    body, tag: told.tag, renotify: true, lang: language === "zh" ? "zh-CN" : "en", data: { link: told.link },
  });
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(new URL(event.notification.data.link, self.location.origin)));
});

async function open(address) {
  if (address.origin !== self.location.origin) return;
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = pages.find((page) => new URL(page.url).pathname === address.pathname);
  await (there ? there.focus() : self.clients.openWindow(address.href));
}
