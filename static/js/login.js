// The waiting page: asks the server how the attempt stands, shows it, and claims it when confirmed.
// Every word is in the HTML; this module only chooses what is shown.

const root = document.querySelector("[data-login]");
const { statusUrl, claimUrl, followUrl, site, stranger } = root.dataset;
const maxWait = Number(root.dataset.maxWait);
const line = root.querySelector("[role=status]");
const heading = root.querySelector("h1");
const picture = root.querySelector("[data-avatar]");
const initial = root.querySelector("[data-initial]");

const ENDED = ["expired", "declined", "failed", "claimed"];
const values = { nickname: stranger, number: "", time: "" };
let view = "pending";
let known = "pending";
let offline = false;
let failures = 0;
let timer;
let asking = null;
// The server's clock and this one may differ, so only a length of time is taken over.
let deadline = performance.now() + Number(root.dataset.expiresIn) * 1000;

const secondsLeft = () => Math.max(0, Math.ceil((deadline - performance.now()) / 1000));

function render() {
  const left = secondsLeft();
  values.time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  for (const element of root.querySelectorAll("[data-on]")) {
    const now = offline && line.contains(element) ? "offline" : view;
    element.hidden = !element.dataset.on.split(" ").includes(now);
  }
  for (const element of root.querySelectorAll("[data-fill]")) {
    const text = element.dataset.fill.replace(/\{(\w+)\}/g, (_, name) => values[name]);
    // Written only when it changes: a status line that is rewritten is read aloud again.
    if (element.textContent !== text) element.textContent = text;
  }
  root.dataset.view = view;
  root.toggleAttribute("data-offline", offline);
}

function show(next) {
  view = next;
  offline = false;
  render();
  document.title = `${heading.querySelector(":not([hidden])").textContent} · ${site}`;
}

function introduce(person) {
  values.nickname = person.nickname || stranger;
  values.number = person.number ?? "";
  initial.textContent = [...values.nickname][0].toUpperCase();
  if (person.avatar_url && picture.getAttribute("src") !== person.avatar_url) {
    picture.src = person.avatar_url;
  }
}

picture.addEventListener("load", () => { picture.hidden = false; });
picture.addEventListener("error", () => { picture.hidden = true; });

function soon(step, milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(step, milliseconds);
}

// 1, 2, 4, 8 and then 15 seconds, each a little off: a restarted server is not asked by all at once.
function later(step, response) {
  const told = Number(response?.headers.get("Retry-After"));
  const wait = told || Math.min(15, 2 ** failures) * (0.75 + Math.random() / 2);
  failures += 1;
  if (response?.status !== 429) {
    offline = true;
    render();
  }
  soon(step, wait * 1000);
}

const mayComeRight = (response) => response.status === 429 || response.status >= 500;

// The answer, with a body if it is a good one; null when another call has taken over.
async function call(url, seconds, options) {
  const control = new AbortController();
  asking = control;
  // A connection that died in the laptop's sleep never answers.
  const limit = setTimeout(() => control.abort(), seconds * 1000);
  try {
    const response = await fetch(url, {
      ...options,
      cache: "no-store",
      signal: control.signal,
    });
    const body = response.ok ? await response.json() : null;
    return asking === control ? { response, body } : null;
  } catch {
    return asking === control ? { response: null, body: null } : null;
  } finally {
    clearTimeout(limit);
  }
}

async function ask() {
  if (document.hidden) return;
  // No longer than the code lives: its end is then told by the server in time.
  const wait = Math.min(maxWait, secondsLeft() + 1);
  const url = new URL(statusUrl, location.href);
  url.searchParams.set("known", known);
  url.searchParams.set("wait", wait);
  const started = performance.now();
  const answer = await call(url, wait + 10, {});
  if (!answer) return;
  const { response, body } = answer;
  if (body) accept(body, started);
  else if (!response || mayComeRight(response)) later(ask, response);
  else show([404, 410].includes(response.status) ? "expired" : "failed");
}

function accept(answer, started) {
  const changed = answer.status !== known;
  known = answer.status;
  failures = 0;
  deadline = performance.now() + answer.expires_in * 1000;
  introduce(answer);
  if (known === "confirmed") return claim();
  if (answer.follow && location.pathname !== followUrl) return location.replace(followUrl);
  const shown = known === "scanned" && answer.number != null ? "numbered" : known;
  // Meanwhile popup.js may show its window.
  show(known === "pending" || answer.follow ? view : shown);
  if (ENDED.includes(known)) return;
  // Where no question can be held open it is answered at once: then once a second is enough.
  const pause = changed ? 0 : Math.max(0, 1000 - (performance.now() - started));
  soon(ask, Math.max(pause, (answer.retry_after ?? 0) * 1000));
}

async function claim() {
  if (view !== "confirming") show("confirming");
  const answer = await call(claimUrl, 20, {
    method: "POST",
    headers: { "X-Requested-With": "wechatlogin" },
  });
  if (!answer) return;
  const { response, body } = answer;
  if (body) location.replace(body.redirect);
  else if (!response || mayComeRight(response)) later(claim, response);
  else show("failed");
}

function pause() {
  clearTimeout(timer);
  const control = asking;
  asking = null;
  control?.abort();
}

function resume() {
  if (ENDED.includes(view) || view === "confirming") return;
  pause();
  ask();
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden && view !== "confirming") pause();
  else resume();
});
addEventListener("online", resume);
addEventListener("pageshow", ({ persisted }) => persisted && resume());

root.addEventListener("show", ({ detail }) => {
  if (ENDED.includes(detail)) pause();
  show(detail);
});

setInterval(() => { if (view === "pending") render(); }, 1000);
render();
ask();
