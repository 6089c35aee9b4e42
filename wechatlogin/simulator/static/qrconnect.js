// Asks how far the login is, by scripts as WeChat's page does, and goes back to the website.
const given = document.currentScript.dataset;
const blocks = [...document.querySelectorAll(".js_status")];
let last = "";

function show(id) {
  for (const block of blocks) block.hidden = block.id !== id;
}

function goBack(query) {
  const there = given.back + query;
  if (given.itself === "true") location.assign(there);
  else window.top.location = there;
}

function ask() {
  const script = document.createElement("script");
  const lately = last ? `&last=${last}` : "";
  window.wx_errcode = undefined;
  script.src = `${given.poll}${lately}&_=${Date.now()}`;
  script.onload = () => {
    script.remove();
    answered(window.wx_errcode);
  };
  script.onerror = () => {
    script.remove();
    setTimeout(ask, 5000);
  };
  document.head.append(script);
}

function answered(number) {
  last = "";
  if (number === 405) goBack(`code=${window.wx_code}&state=${given.state}`);
  else if (number === 404) askAfter(100, number, "wx_after_scan");
  else if (number === 403) cancelled(number);
  else if (number === 402 || number === 500) location.reload();
  else setTimeout(ask, number === 408 ? 2000 : 5000);
}

function cancelled(number) {
  if (given.leavesOnCancel === "true") goBack(`state=${given.state}`);
  else askAfter(2000, number, "wx_after_cancel");
}

function askAfter(pause, number, block) {
  show(block);
  last = String(number);
  setTimeout(ask, pause);
}

// A question that is held would hold the page's load event too, and that of a page around it.
addEventListener("load", () => setTimeout(ask, 100));
