// A page of the operators' that keeps itself up to date: the server draws what is inside of
// [data-board], and this module puts it in place of what was there.

const root = document.querySelector("[data-board]");
const news = document.querySelector("[data-news]");
const PAUSE = 10_000;
const LONGEST_PAUSE = 120_000;
let pause = PAUSE;
let timer;

function swap(html) {
  const focused = root.contains(document.activeElement) ? document.activeElement.id : "";
  const before = root.querySelector("h1").textContent;
  const scroll = [scrollX, scrollY];
  root.innerHTML = html;
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  scrollTo(...scroll);
  const now = root.querySelector("h1").textContent;
  if (now === before) return;
  // Only what has changed is read aloud.
  news.textContent = now;
  document.title = document.title.replace(before.trim(), () => now.trim());
}

async function refresh() {
  try {
    const answer = await fetch(root.dataset.board, { redirect: "manual" });
    // Whoever is logged out is sent to the login, which only a page of its own can show.
    if (answer.type === "opaqueredirect" || answer.status === 401) return location.reload();
    if (!answer.ok) throw new Error(answer.status);
    const html = await answer.text();
    // Nobody's selection is taken away under their hands.
    if (getSelection().isCollapsed) swap(html);
    pause = PAUSE;
  } catch {
    pause = Math.min(2 * pause, LONGEST_PAUSE);
  }
  plan();
}

function plan() {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(refresh, pause);
}

document.addEventListener("visibilitychange", () => (document.hidden ? plan() : refresh()));
plan();
