// Login with WeChat on the pages of any site that has registered its origin with us.
//
//   <script src="https://login.example.com/static/js/wechatlogin.js"></script>
//
// or `import "https://login.example.com/static/js/wechatlogin.js"`: either way it leaves the class
// behind as WechatLogin, and as AuthingWxmp for pages that were written for @authing/wxmp 1.3.

(() => {
  // Where this script comes from; a module cannot tell, so there `host` has to be given.
  const home = document.currentScript && new URL(document.currentScript.src).origin;
  const ANY_ACCOUNT = "wechat:webpage-authorization";
  const OVER = ["claimed", "declined", "expired", "failed"];
  // After a sleep the time can be over before we hear of it.
  const GRACE = 15;
  const LONGEST_PAUSE = 15;
  const LONGEST_ANSWER = 60_000;

  const hostOf = (host) => {
    if (!host && !home) throw new TypeError("WechatLogin: host is required");
    return (host || home).replace(/\/+$/, "");
  };

  const need = (options, name) => {
    if (!options[name]) throw new TypeError(`WechatLogin: ${name} is required`);
    return options[name];
  };

  const sleep = (seconds, signal) => new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); });
  });

  const seen = (signal) => new Promise((resolve, reject) => {
    if (!document.hidden) return resolve();
    document.addEventListener("visibilitychange", () => resolve(), { once: true, signal });
    signal.addEventListener("abort", () => reject(signal.reason));
  });

  // An answer that is no success; `code` is the stable name that the service gave.
  class Refused extends Error {
    constructor(status, { error, message } = {}) {
      super(message || `HTTP ${status}`);
      this.name = "WechatLoginError";
      this.status = status;
      this.code = error || "unreachable";
    }
  }

  class Scan {
    constructor(element, options) {
      this.element = typeof element === "string" ? document.querySelector(element) : element;
      if (!this.element) throw new TypeError("WechatLogin: no such element");
      this.api = `${hostOf(options.host)}/api/scan`;
      this.clientId = options.clientId || need(options, "appId");
      this.options = options;
      this.words = {};
      this.build();
    }

    // Written without innerHTML or a style attribute, so that a strict policy of the page permits it.
    build() {
      const add = (tag, name, more) => {
        const part = document.createElement(tag);
        part.className = `wechatlogin-${name}`;
        return Object.assign(part, more);
      };
      this.picture = add("div", "qr");
      this.picture.setAttribute("role", "img");
      this.picture.style.maxWidth = "15em";
      this.number = add("p", "number");
      this.number.style.fontSize = "3em";
      this.line = add("p", "status");
      this.line.setAttribute("role", "status");
      this.button = add("button", "refresh", { type: "button", onclick: () => this.refresh() });
      this.element.replaceChildren(this.picture, this.number, this.line, this.button);
      this.show("");
    }

    show(state, number) {
      this.element.dataset.state = state;
      this.picture.hidden = !["pending", "offline"].includes(state);
      this.number.hidden = number == null;
      this.number.textContent = number ?? "";
      this.button.hidden = !["declined", "expired", "failed"].includes(state);
      this.button.textContent = this.words.refresh || "\u21bb";
      const said = this.words[number == null ? state : "numbered"] || "";
      // A status line that is rewritten is read aloud again.
      if (this.line.textContent !== said) this.line.textContent = said;
    }

    tell(name, value) {
      if (typeof this.options[name] === "function") this.options[name](value);
    }

    stop() {
      this.control?.abort();
    }

    refresh() {
      this.stop();
      this.renewals = this.options.refreshes ?? 5;
      this.control = new AbortController();
      this.run(this.control.signal);
    }

    async run(signal) {
      try {
        while (await this.scanOnce(signal)) this.renewals -= 1;
      } catch (error) {
        if (signal.aborted) return;
        this.show("failed");
        this.tell("onError", error);
      }
    }

    // One code from its drawing to its end; true if another is to be drawn.
    async scanOnce(signal) {
      const begun = await this.begin(signal);
      const state = await this.watch(begun, signal);
      if (state === "confirmed") {
        const claimed = await this.patiently(() => this.ask(`/${begun.id}/claim`, {}, signal), signal);
        this.show("claimed");
        this.tell("onSuccess", claimed);
        return false;
      }
      this.show(state);
      if (state === "expired") this.tell("onExpired");
      else if (state === "declined") this.tell("onDeclined");
      else this.tell("onError", new Refused(409, { error: state }));
      return state === "expired" && this.renewals > 0;
    }

    async begin(signal) {
      await seen(signal);
      const begun = await this.ask("", { client_id: this.clientId }, signal);
      this.words = begun.words;
      this.picture.setAttribute("aria-label", begun.words.label);
      const drawn = new DOMParser().parseFromString(begun.qr, "image/svg+xml").documentElement;
      this.picture.replaceChildren(document.importNode(drawn, true));
      this.show("pending");
      return begun;
    }

    // Ask until it is confirmed or over, and return which.
    async watch({ id, expires_in, max_wait }, signal) {
      let known = { status: "pending" };
      let ends = performance.now() + expires_in * 1000;
      for (;;) {
        await seen(signal);
        const left = () => (ends - performance.now()) / 1000;
        const answer = await this.patiently((failures) => {
          // After a failure it is asked at once how things stand, to show that again.
          const wait = failures ? 0 : Math.max(0, Math.min(max_wait, Math.ceil(left()) + 1));
          const query = new URLSearchParams({ known: known.status, wait });
          if (known.follow) query.set("follow", "1");
          return this.ask(`/${id}?${query}`, null, signal);
        }, signal, () => left() > -GRACE);
        if (!answer) return "expired";
        ends = performance.now() + answer.expires_in * 1000;
        if (answer.status === "confirmed" || OVER.includes(answer.status)) return answer.status;
        if (answer.status === "scanned" && known.status !== "scanned") {
          this.tell("onScanned", { nickname: answer.nickname, avatar_url: answer.avatar_url });
        }
        this.show(answer.follow ? "follow" : answer.status, answer.number);
        // Where no question can be held open, once a second is enough.
        const changed = answer.status !== known.status || answer.follow !== known.follow;
        known = answer;
        await sleep(answer.retry_after ?? (changed ? 0 : 1), signal);
      }
    }

    // Try again, less and less often, while nobody answers or the service is in trouble.
    async patiently(step, signal, goOn = () => true) {
      for (let failures = 0; goOn(); failures += 1) {
        try {
          return await step(failures);
        } catch (error) {
          const passes = !(error instanceof Refused) || error.status === 429 || error.status >= 500;
          if (signal.aborted || !passes) throw error;
          if (error.status !== 429) this.show("offline");
          const pause = Math.min(LONGEST_PAUSE, 2 ** failures) * (0.75 + Math.random() / 2);
          await sleep(error.retryAfter || pause, signal);
        }
      }
      return null;
    }

    // Without cookies; a form is asked at once, where JSON would need a preflight.
    async ask(path, form, signal) {
      const { lang } = this.options;
      const response = await fetch(this.api + path, {
        method: form ? "POST" : "GET",
        body: form && new URLSearchParams(form),
        headers: { Accept: "application/json", ...(lang && { "Accept-Language": lang }) },
        credentials: "omit",
        cache: "no-store",
        // A connection that died in a sleep never answers.
        signal: AbortSignal.any?.([signal, AbortSignal.timeout(LONGEST_ANSWER)]) ?? signal,
      });
      const answer = await response.json().catch(() => ({}));
      if (response.ok) return answer;
      const refused = new Refused(response.status, answer);
      refused.retryAfter = Number(response.headers.get("Retry-After"));
      throw refused;
    }
  }

  class WechatLogin {
    constructor(options = {}) {
      this.host = hostOf(options.host);
      this.clientId = options.clientId || need(options, "appId");
      this.identifier = options.identifier || ANY_ACCOUNT;
      this.redirectUrl = options.redirectUrl;
    }

    checkWechatUA() {
      return /micromessenger/i.test(navigator.userAgent);
    }

    // Where to send a browser inside WeChat; it comes back with `code`, `message` and `data`.
    getAuthorizationUrl() {
      const start = `${this.host}/connections/social/${this.identifier}`;
      const query = new URLSearchParams({ app_id: this.clientId });
      if (this.redirectUrl) query.set("redirect_url", this.redirectUrl);
      return `${start}?${query}`;
    }

    // What the browser has come back with; a page must not take it for a proof.
    getUserInfo(search = location.search) {
      const query = new URLSearchParams(search);
      const answer = { ok: Number(query.get("code")) === 200, message: query.get("message") };
      let person;
      try {
        person = JSON.parse(query.get("data")) ?? undefined;
      } catch {
        answer.ok = false;
      }
      return { ...answer, userinfo: person, userInfo: person };
    }

    // Draw a QR code in an element, wait for the phone, and draw a new one when its time is over.
    static scan(element, options = {}) {
      const scan = new Scan(element, options);
      scan.refresh();
      return { stop: () => scan.stop(), refresh: () => scan.refresh() };
    }
  }

  globalThis.WechatLogin = WechatLogin;
  globalThis.AuthingWxmp = WechatLogin;
})();
