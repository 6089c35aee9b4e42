// The phone: it shows what /phone/state says, and does what the person taps through /simulator.
import { clock, conversation, element, face } from "./bubbles.js";

const $ = (id) => document.getElementById(id);
const words = JSON.parse(document.body.dataset.words);
const screens = [...document.querySelectorAll(".screen")];
const seen = JSON.parse(localStorage.getItem("phone.seen") || "{}");
let holder = localStorage.getItem("phone.holder") || "lin";
let state = { people: [], accounts: [] };
let drawn = "";
let openAppid = null;
let trail = ["home"];
let afterFollow = null;
let visit = null;

// --- small things ---------------------------------------------------------------------------

// What the page says itself is in its language; everything else stays as it came.
function told(text) {
  return words[text] || text;
}

let toastTimer;
function toast(text) {
  $("toast").textContent = told(text);
  $("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => ($("toast").hidden = true), 2600);
}

async function ask(path, options) {
  const response = await fetch(path, options);
  const answer = response.status === 204 ? {} : await response.json();
  if (!response.ok) throw new Error(answer.message || "出错了");
  return answer;
}

function act(action, body) {
  const path = `/simulator/people/${encodeURIComponent(holder)}/${action}`;
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function trying(work) {
  try {
    await work();
  } catch (error) {
    toast(error.message);
  }
}

// --- screens --------------------------------------------------------------------------------

function show(name) {
  for (const screen of screens) screen.hidden = screen.id !== name;
}

function go(name) {
  trail.push(name);
  show(name);
}

function back() {
  trail.pop();
  if (!trail.length) trail = ["home"];
  show(trail.at(-1));
  draw(true);
}

function account(appid = openAppid) {
  return state.accounts.find((one) => one.appid === appid);
}

// --- drawing --------------------------------------------------------------------------------

function draw(force = false) {
  const now = JSON.stringify([state, openAppid, holder]);
  if (now === drawn && !force) return;
  drawn = now;
  drawPeople();
  drawAccounts();
  if (openAppid && account()) drawChat();
}

function drawPeople() {
  $("people").replaceChildren(
    ...state.people.map((person) =>
      element(
        "li",
        {},
        element(
          "button",
          { onclick: () => hold(person.name), ariaPressed: String(person.name === holder) },
          face(person.name, 34),
          element("span", { textContent: person.nickname }),
          element("small", { textContent: person.name }),
        ),
      ),
    ),
  );
}

function drawAccounts() {
  $("no-accounts").hidden = state.accounts.length > 0;
  $("accounts").replaceChildren(
    ...newestFirst().map((one) => {
      const last = one.messages.at(-1);
      const unread = one.messages.filter((m) => m.from !== "person").length - seenCount(one.appid);
      const note = told(one.follows ? "已关注" : "未关注");
      const line = last ? told(last.text).replace(/<[^>]+>/g, "") : note;
      const row = element(
        "button",
        { onclick: () => openChat(one.appid) },
        face(one.appid, 46),
        element("div", {}, element("strong", { textContent: one.name }), element("p", { textContent: line })),
      );
      const aside = element("small");
      if (last) aside.append(clock(last.at));
      if (unread > 0) aside.append(element("span", { className: "unread", textContent: unread }));
      row.append(aside);
      return element("li", {}, row);
    }),
  );
}

function newestFirst() {
  // Who was heard last is on top; then come those who are followed, and the rest.
  const rank = (one) => one.messages.at(-1)?.at || (one.follows ? "1" : "0");
  return [...state.accounts].sort((one, other) => rank(other).localeCompare(rank(one)));
}

function drawChat() {
  const one = account();
  $("chat-name").textContent = one.name;
  $("compose").hidden = !one.follows;
  $("follow-bar").hidden = one.follows;
  $("chat-face").src = `/avatars/${one.appid}/96`;
  $("chat-empty").hidden = one.follows || one.messages.length > 0;
  $("messages").hidden = !$("chat-empty").hidden;
  $("messages").replaceChildren(...conversation(one, { holder, openPage, told }));
  $("messages").scrollTop = $("messages").scrollHeight;
  if (!$("chat").hidden) {
    seen[`${holder}/${one.appid}`] = one.messages.filter((m) => m.from !== "person").length;
    localStorage.setItem("phone.seen", JSON.stringify(seen));
  }
}

function seenCount(appid) {
  return seen[`${holder}/${appid}`] || 0;
}

// --- what can be done -----------------------------------------------------------------------

async function refresh() {
  state = await ask(`/phone/state?person=${encodeURIComponent(holder)}`);
  holder = state.holder;
  draw();
}

function hold(name) {
  holder = name;
  localStorage.setItem("phone.holder", name);
  trail = ["home"];
  openAppid = null;
  closePage();
  show("home");
  trying(refresh);
}

function openChat(appid) {
  openAppid = appid;
  go("chat");
  draw(true);
}

function openProfile(appid, next = null) {
  openAppid = appid;
  afterFollow = next;
  const one = account();
  $("profile-face").src = `/avatars/${appid}/96`;
  $("profile-name").textContent = one.name;
  const kinds = {
    service: "服务号",
    service_uncertified: "服务号（未认证）",
    subscription: "订阅号",
    personal: "订阅号（个人）",
    test: "测试号",
  };
  $("profile-kind").textContent = told(kinds[one.kind]);
  $("profile-why").hidden = !next;
  $("profile-follow").hidden = one.follows;
  $("profile-open").hidden = !one.follows;
  $("profile-unfollow").hidden = !one.follows;
  go("profile");
}

async function followNow() {
  if (afterFollow) await afterFollow();
  else await act("follow", { appid: openAppid });
  trail = ["home"];
  await refresh();
  openChat(openAppid);
}

async function scan(content, follow = false) {
  const done = await act("scan", { content, follow });
  if (done.kind === "page") {
    trail = ["home"];
    openPage(done.url);
  } else if (done.kind === "expired") {
    toast("二维码已过期");
  } else if (done.kind === "unknown") {
    toast("二维码无效");
  } else if (done.kind === "text") {
    toast(told("二维码的内容：") + content);
  } else if (done.event) {
    await refresh();
    trail = ["home"];
    openChat(done.appid);
  } else {
    await refresh();
    trail = ["home"];
    openProfile(done.appid, () => act("scan", { content, follow: true }));
  }
}

async function scanPicture(picture) {
  const read = await ask("/simulator/pictures", { method: "POST", body: picture });
  await scan(read.content);
}

async function scanScreen() {
  const stream = await navigator.mediaDevices.getDisplayMedia({ video: true });
  try {
    const video = element("video", { srcObject: stream, muted: true });
    await video.play();
    const canvas = element("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    await scanPicture(await new Promise((done) => canvas.toBlob(done, "image/png")));
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}

// --- the built-in browser -------------------------------------------------------------------

function openPage(url, chat = "", full = "") {
  visit = { url, chat };
  const query = new URLSearchParams({ person: holder, device: $("device").value, url, chat, full });
  $("web-title").textContent = "";
  $("web-address").textContent = url;
  $("snapshot").hidden = true;
  $("frame").src = `/phone/open?${query}`;
  if (trail.at(-1) !== "web") go("web");
}

function closePage() {
  visit = null;
  $("frame").removeAttribute("src");
}

function pageShown() {
  const inside = $("frame").contentDocument;
  if (!inside || !visit) return;
  const found = /^\/phone\/web\/[^/]+\/(https?)\/(.*)$/.exec(inside.location.pathname);
  $("web-title").textContent = inside.title;
  if (found) $("web-address").textContent = `${found[1]}://${found[2]}`;
}

addEventListener("message", (event) => {
  if (event.origin !== location.origin || event.source !== $("frame").contentWindow) return;
  $("snapshot").hidden = !event.data.snapshot;
  if (event.data.phone === "close") {
    closePage();
    back();
  }
});

// --- taps -----------------------------------------------------------------------------------

$("frame").addEventListener("load", pageShown);
$("web-close").onclick = () => {
  closePage();
  back();
};
$("web-again").onclick = () => $("frame").contentWindow.location.reload();
$("full-service").onclick = () => openPage(visit.url, visit.chat, "1");
for (const button of document.querySelectorAll(".back")) button.onclick = back;
$("to-scan").onclick = $("big-scan").onclick = () => go("scan");
$("chat-more").onclick = () => openProfile(openAppid);
$("follow-here").onclick = () => openProfile(openAppid);
$("profile-follow").onclick = () => trying(followNow);
$("profile-open").onclick = () => openChat(openAppid);
$("profile-unfollow").onclick = () =>
  trying(async () => {
    await act("unfollow", { appid: openAppid });
    await refresh();
    trail = ["home"];
    show("home");
    toast("已取消关注");
  });
$("scan-newest").onclick = () =>
  trying(async () => {
    const newest = await ask("/simulator/qrcodes/newest");
    await scan(newest.content);
  });
$("scan-screen").onclick = () => trying(scanScreen);
$("scan-text").onsubmit = (event) => {
  event.preventDefault();
  const content = $("content").value.trim();
  $("content").value = "";
  if (content) trying(() => scan(content));
};
$("picture").onchange = (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (file) trying(() => scanPicture(file));
};
$("drop").ondragover = (event) => {
  event.preventDefault();
  $("drop").classList.add("over");
};
$("drop").ondragleave = () => $("drop").classList.remove("over");
$("drop").ondrop = (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  const [file] = event.dataTransfer.files;
  const text = event.dataTransfer.getData("text/plain");
  if (file) trying(() => scanPicture(file));
  else if (text) trying(() => scan(text.trim()));
};
addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((one) => one.type.startsWith("image/"));
  if (file && !$("scan").hidden) {
    event.preventDefault();
    trying(() => scanPicture(file));
  }
});
$("compose").onsubmit = (event) => {
  event.preventDefault();
  const text = $("draft").value;
  if (!text) return;
  $("draft").value = "";
  trying(async () => {
    const sent = act("send", { appid: openAppid, text });
    setTimeout(() => refresh().catch(() => {}), 100);
    await sent;
    await refresh();
  });
};
$("device").value = localStorage.getItem("phone.device") || "ios";
$("device").onchange = () => localStorage.setItem("phone.device", $("device").value);

async function poll() {
  // The simulator may be restarted while the page is open; the next question finds it again.
  await refresh().catch(() => {});
  setTimeout(poll, 1200);
}
show("home");
poll();
