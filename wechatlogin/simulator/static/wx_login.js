// new WxLogin({...}) puts the login page into a frame. As WeChat's script it joins the values as
// they are: redirect_uri has to be encoded already, and a missing state becomes "undefined".
(() => {
  const origin = new URL(document.currentScript.src).origin;
  const EXTRAS = ["styletype", "sizetype", "bgcolor", "rst", "style", "href", "stylelite", "fast_login", "color_scheme"];
  window.WxLogin = function WxLogin(wish) {
    const itself = wish.self_redirect === true ? "true" : wish.self_redirect === false ? "false" : "default";
    let address =
      `${origin}/connect/qrconnect?appid=${wish.appid}&scope=${wish.scope}&redirect_uri=${wish.redirect_uri}` +
      `&state=${wish.state}&login_type=jssdk&response_type=code&self_redirect=${itself}`;
    for (const name of EXTRAS) if (wish[name] !== undefined) address += `&${name}=${wish[name]}`;
    if (wish.lang === "en") address += "&lang=en";
    const frame = document.createElement("iframe");
    Object.assign(frame, { src: address, frameBorder: "0", scrolling: "no", width: "300px", height: "400px" });
    frame.allowTransparency = "true";
    frame.allow = "local-network-access";
    const place = document.getElementById(wish.id);
    place.innerHTML = "";
    place.append(frame);
  };
})();
