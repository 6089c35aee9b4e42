// The bubbles of a chat: texts with links, template messages, grey notices.
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

export function face(name, size) {
  return element("img", { src: `/avatars/${encodeURIComponent(name)}/96`, alt: "", width: size, height: size });
}

export function bubble(one, message, { holder, openPage }) {
  if (message.from === "wechat") return element("li", { className: "note", textContent: message.text });
  if (message.from === "person") {
    const mine = element("div", { className: "bubble", textContent: message.text });
    return element("li", { className: "mine" }, face(holder, 38), mine);
  }
  if (message.kind === "template") return element("li", {}, templateCard(one, message, openPage));
  return element("li", {}, face(one.appid, 38), element("div", { className: "bubble" }, ...linked(one, message.text, openPage)));
}

function templateCard(one, message, openPage) {
  const [title, ...lines] = message.text.split("\n");
  const card = element("button", { className: "bubble template" });
  card.append(element("b", { textContent: title }), element("span", { textContent: lines.join("\n") }));
  if (message.url) {
    card.append(element("em", { textContent: "查看详情 ›" }));
    card.onclick = () => openPage(message.url, one.appid);
  }
  return card;
}

function linked(one, text, openPage) {
  // WeChat's chat knows one tag, <a href>; everything else is text.
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(/<a\s[^>]*?href\s*=\s*["']([^"']+)["'][^>]*>(.*?)<\/a>/gis)) {
    parts.push(unescaped(text.slice(from, found.index)));
    const url = unescaped(found[1]);
    parts.push(
      element("a", {
        href: url,
        textContent: unescaped(found[2]),
        onclick: (event) => {
          event.preventDefault();
          openPage(url, one.appid);
        },
      }),
    );
    from = found.index + found[0].length;
  }
  parts.push(unescaped(text.slice(from)));
  return parts;
}

function unescaped(text) {
  const names = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&#34;": '"', "&amp;": "&" };
  return text.replace(/&(lt|gt|quot|amp|#39|#34);/g, (entity) => names[entity]);
}
