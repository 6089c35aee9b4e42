// Stands in for the bridge that WeChat puts into every page it shows.
(() => {
  const snapshot = document.currentScript.dataset.snapshot === "true";
  const tell = (message) => parent.postMessage({ phone: message, snapshot }, location.origin);
  const bridge = {
    invoke(name, _options, done) {
      if (name === "closeWindow") tell("close");
      if (done) done({ err_msg: `${name}:ok` });
    },
    call(name) {
      bridge.invoke(name);
    },
    on() {},
  };
  window.WeixinJSBridge = bridge;
  const ready = () => {
    document.dispatchEvent(new Event("WeixinJSBridgeReady"));
    tell("ready");
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
