// What a page must be for everybody who looks at it. Each check returns its complaints.
(() => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const known = new Map();

  // Styles name colours in many ways; a pixel has one.
  const colour = (name) => {
    if (!known.has(name)) {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = name;
      context.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
      known.set(name, [r, g, b, a / 255]);
    }
    return known.get(name);
  };
  const over = (top, below) =>
    [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const luminance = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => {
      const s = v / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  // A gradient counts as the colour in it that is nearest to the ink.
  const surface = (style, ink) => {
    const drawn = style.backgroundImage.match(/rgba?\([^)]*\)/g);
    if (!drawn) return colour(style.backgroundColor);
    return drawn.map(colour).sort((a, b) => ratio(a, ink) - ratio(b, ink))[0];
  };
  const background = (element, ink) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      layers.push(surface(getComputedStyle(at), ink));
    }
    layers.push(colour(getComputedStyle(document.documentElement).colorScheme.includes("dark") &&
      matchMedia("(prefers-color-scheme: dark)").matches ? "#121212" : "#ffffff"));
    return layers.reverse().reduce((below, top) => over(top, below));
  };
  const name = (element) => {
    const words = (element.textContent || element.getAttribute("aria-label") || "").trim();
    const kind = element.getAttribute("class");
    return `${element.localName}${kind ? "." + kind.split(" ")[0] : ""} "${words.slice(0, 24)}"`;
  };
  const isSeen = (element) => {
    const box = element.getBoundingClientRect();
    // What only screen readers meet is a point.
    return box.width > 2 && box.height > 2 && element.checkVisibility({ visibilityProperty: true });
  };
  const interactive = () =>
    [...document.querySelectorAll("a[href], button, input, select, textarea, summary")].filter(
      (element) => element.type !== "hidden" && !element.disabled && isSeen(element),
    );

  window.layout = {
    overflow() {
      const { scrollWidth, clientWidth } = document.documentElement;
      if (scrollWidth <= clientWidth) return [];
      const wide = [...document.body.querySelectorAll("*")]
        .filter((e) => isSeen(e) && e.getBoundingClientRect().right > clientWidth + 1)
        .map(name);
      return [`${scrollWidth}px in ${clientWidth}px: ${wide.slice(-2).join(", ")}`];
    },

    contrast() {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const checked = new Set();
      const faint = [];
      while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || checked.has(element) || !isSeen(element)) continue;
        checked.add(element);
        // What cannot be used, and the page's name behind a dialog, are faint on purpose.
        if (element.closest(":disabled, [aria-disabled=true], p[aria-hidden=true]")) continue;
        const style = getComputedStyle(element);
        const ink = colour(element.ownerSVGElement ? style.fill : style.color);
        const below = background(element, ink);
        const found = ratio(over(ink, below), below);
        const size = parseFloat(style.fontSize);
        const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        if (found < (isLarge ? 3 : 4.5)) faint.push(`${name(element)}: ${found.toFixed(2)}`);
      }
      return faint;
    },

    // Where everything is dark, a white surface dazzles; a QR code has to be one.
    whiteInTheDark() {
      return [...document.body.querySelectorAll("*")]
        .filter((e) => !e.closest("svg, img, [class*=qr]") && isSeen(e))
        .filter((e) => e.getBoundingClientRect().width * e.getBoundingClientRect().height > 2500)
        .filter((e) => luminance(over(colour(getComputedStyle(e).backgroundColor), [0, 0, 0, 1])) > 0.7)
        .map(name);
    },

    focus() {
      const looks = (e) => {
        const s = getComputedStyle(e);
        return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor].join();
      };
      // A field may have it from the beginning.
      document.activeElement?.blur();
      return interactive()
        .filter((element) => {
          // The drawn box of a tick may show it in its input's place.
          const shown = [element, element.nextElementSibling, element.parentElement].filter(Boolean);
          const before = shown.map(looks);
          element.focus({ focusVisible: true });
          const after = shown.map(looks);
          element.blur();
          return before.every((look, i) => look === after[i]);
        })
        .map(name);
    },

    hitArea() {
      return interactive()
        // A link within words is as high as they are, and one in a table has its row around it.
        .filter((e) => e.localName !== "a" || getComputedStyle(e).display !== "inline")
        .filter((e) => e.localName !== "a" || !e.closest("td, th"))
        .map((e) => (["checkbox", "radio"].includes(e.type) && e.labels[0]) || e)
        .filter((e) => Math.round(e.getBoundingClientRect().height) < 44)
        .map((e) => `${name(e)}: ${Math.round(e.getBoundingClientRect().height)}px`);
    },

    motion() {
      const seconds = (text) => Math.max(...text.split(",").map(parseFloat));
      return [...document.body.querySelectorAll("*")]
        .filter((e) => {
          const s = getComputedStyle(e);
          const moves = s.animationName !== "none" && seconds(s.animationDuration) > 0.01;
          return moves || seconds(s.transitionDuration) > 0.01;
        })
        .map(name);
    },
  };
})();
