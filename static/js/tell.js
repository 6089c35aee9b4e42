// In a window that another page has opened: tells that page alone how the login ended, and closes.

const { tell, origin } = document.querySelector("[data-tell]").dataset;

if (opener) {
  opener.postMessage(JSON.parse(tell), origin);
  close();
}
