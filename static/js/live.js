// What the server shows of each step comes up to date by itself, as long as one still waits.

const PAUSE_MS = 2000;
const MOST_TRIES = 300;
const url = document.querySelector("[data-live-url]")?.dataset.liveUrl;
let tries = 0;

const waits = () => document.querySelector('[data-live="warning"], [data-live="error"]') !== null;

async function look() {
  const answer = await fetch(url, { headers: { Accept: "text/html" }, redirect: "error" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const shown of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(shown.id);
    // Only what has happened since: what WeChat said to this very page is not taken back.
    if (fresh && fresh.dataset.liveAt !== shown.dataset.liveAt) {
      shown.replaceWith(document.importNode(fresh, true));
    }
  }
}

async function watch() {
  if (!document.hidden) {
    tries += 1;
    // Without an answer the next one may come.
    await look().catch(() => {});
  }
  if (waits() && tries < MOST_TRIES) setTimeout(watch, PAUSE_MS);
}

if (url && waits()) setTimeout(watch, PAUSE_MS);
