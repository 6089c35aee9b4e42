// The page that waits until its person follows the account. Whoever comes back to it has followed
// perhaps; WeChat's event about that can get lost, so the server is told to ask.

document.addEventListener("visibilitychange", async () => {
  if (document.hidden) return;
  try {
    await fetch(location.pathname, {
      method: "POST",
      credentials: "same-origin",
      headers: { "X-Requested-With": "wechatlogin" },
    });
  } catch {
    // login.js says that there is no network.
  }
});
