// Looks every two seconds whether WeChat has sent something, and then shows the page anew.

const PAUSE = 2000;
const address = document.querySelector("[data-seen]").dataset.seen;

async function look() {
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    // A redirect leads to the login: the page itself knows the way there and back.
    if (answer.redirected || (answer.ok && (await answer.json()).is_over)) {
      location.reload();
      return;
    }
  } catch {
    // The connection is gone for a moment; the next look may find it again.
  }
  setTimeout(look, PAUSE);
}

setTimeout(look, PAUSE);
