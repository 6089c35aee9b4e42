// Logs in in a window of its own, where the person prefers that: opens WeChat's page there, hears
// from ours how it ended, and notices when the person closes the window.

const root = document.querySelector("[data-login]");
const CHECK_EVERY = 500;
let opened = null;
let watch;

const show = (view) => root.dispatchEvent(new CustomEvent("show", { detail: view }));

function forget() {
  clearInterval(watch);
  opened = null;
}

function open({ currentTarget }) {
  const { popup, page } = currentTarget.dataset;
  clearInterval(watch);
  opened = window.open(popup, "wechatlogin", "popup,width=480,height=640");
  if (!opened) {
    location.assign(page);
    return;
  }
  show("window");
  let wasClosed = false;
  watch = setInterval(() => {
    // Its last words may still be on their way when it is closed.
    if (wasClosed) {
      forget();
      show("closed");
    } else {
      wasClosed = opened.closed;
    }
  }, CHECK_EVERY);
}

addEventListener("message", ({ origin, source, data }) => {
  if (origin !== location.origin || source !== opened || data?.source !== "wechatlogin") return;
  forget();
  if (data.status === "claimed") {
    location.replace(root.querySelector("[data-next]").dataset.next);
  } else {
    show("failed");
  }
});

for (const button of root.querySelectorAll("[data-popup]")) {
  button.addEventListener("click", open);
  button.hidden = false;
}
root.querySelector("[data-back]").addEventListener("click", () => {
  opened?.close();
  forget();
  show("pending");
});
