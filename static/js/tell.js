// In a window that another page has opened: tells that page alone how the login ended, and closes.
// Where several origins are named, the browser hands it on if the page is of one of them.

const { tell, origin } = document.querySelector("[data-tell]").dataset;

if (opener) {
  for (const one of origin.split(" ")) {
    opener.postMessage(JSON.parse(tell), one);
  }
  close();
}
