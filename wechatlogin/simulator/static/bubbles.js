// The bubbles of a chat: texts with links, template messages, grey notices, and the time now and then.
const LONG_SILENCE = 5 * 60 * 1000;

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

export function face(name, size) {
  return element("img", { src: `/avatars/${encodeURIComponent(name)}/96`, alt: "", width: size, height: size });
}

// A moment as WeChat writes it: the time alone on the same day, else with the date.
export function clock(at) {
  const moment = new Date(at);
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const isToday = moment.toDateString() === new Date().toDateString();
  const wanted = isToday ? time : { month: "short", day: "numeric", ...time };
  const words = new Intl.DateTimeFormat(document.documentElement.lang, wanted).format(moment);
  return element("time", { dateTime: at, textContent: words });
}

export function conversation(one, context) {
  let last = 0;
  return one.messages.flatMap((message) => {
    const at = Date.parse(message.at);
    const isLate = at - last > LONG_SILENCE;
    last = at;
    const said = bubble(one, message, context);
    return isLate ? [element("li", { className: "note" }, clock(message.at)), said] : [said];
  });
}

function bubble(one, message, { holder, openPage, told }) {
  if (message.from === "wechat") return element("li", { className: "note", textContent: told(message.text) });
  if (message.from === "person") {
    const mine = element("div", { className: "bubble", textContent: message.text });
    return element("li", { className: "mine" }, face(holder, 38), mine);
  }
  if (message.kind === "template") return element("li", {}, templateCard(one, message, { openPage, told }));
  return element("li", {}, face(one.appid, 38), element("div", { className: "bubble" }, ...linked(one, message.text, openPage)));
}

function templateCard(one, message, { openPage, told }) {
  const [title, ...lines] = message.text.split("\n");
  // Only what leads somewhere can be tapped.
  const card = element(message.url ? "button" : "div", { className: "bubble template" });
  card.append(element("b", { textContent: title }), element("span", { textContent: lines.join("\n") }));
  if (message.url) {
    card.append(element("em", { textContent: told("查看详情 ›") }));
    card.onclick = () => openPage(message.url, one.appid);
  }
  return card;
}

function linked(one, text, openPage) {
  // WeChat's chat knows one tag, <a href>, and sees an address where one stands; the rest is text.
  const link = (url, words) => {
    const tapped = (event) => {
      event.preventDefault();
      openPage(url, one.appid);
    };
    return element("a", { href: url, textContent: words, onclick: tapped });
  };
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(/<a\s[^>]*?href\s*=\s*["']([^"']+)["'][^>]*>(.*?)<\/a>/gis)) {
    parts.push(...withAddresses(unescaped(text.slice(from, found.index)), link));
    parts.push(link(unescaped(found[1]), unescaped(found[2])));
    from = found.index + found[0].length;
  }
  return [...parts, ...withAddresses(unescaped(text.slice(from)), link)];
}

function withAddresses(text, link) {
  // Split by a group, every second part is an address.
  const parts = text.split(/(https?:\/\/[!-;=?-~]+[0-9A-Za-z/=#-])/);
  return parts.map((part, position) => (position % 2 ? link(part, part) : part));
}

function unescaped(text) {
  const names = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&#34;": '"', "&amp;": "&" };
  return text.replace(/&(lt|gt|quot|amp|#39|#34);/g, (entity) => names[entity]);
}
