// Types of wechatlogin.js, which leaves its class behind as a global. In a project of TypeScript:
// `/// <reference path="wechatlogin.d.ts" />`.

/** What @authing/wxmp 1.3 takes, or our own names. */
interface WechatLoginOptions {
  /** The service, such as `https://login.example.com`; by default where the script comes from. */
  host?: string;
  /** The application's client id. */
  clientId?: string;
  /** The same by Authing's name. */
  appId?: string;
  /** Which WeChat account; by default the first that may authorize people. */
  identifier?: string;
  /** Exactly one of the application's redirect URIs; by default the first. */
  redirectUrl?: string;
}

interface WechatUserInfoAnswer<Person = Record<string, unknown>> {
  ok: boolean;
  message: string | null;
  /** As @authing/wxmp calls it, and as @authing/weixin-official-account does. */
  userinfo?: Person;
  userInfo?: Person;
}

/** What the page may show of the person. */
interface WechatScanned {
  nickname: string | null;
  avatar_url: string | null;
}

interface WechatScanSuccess extends WechatScanned {
  /** Good once and for the site's own server, which shows its API key with it. */
  ticket: string;
  /** Seconds that the ticket is good for. */
  expires_in: number;
}

interface WechatLoginError extends Error {
  /** The stable name of the error; `unreachable` where the service gave none. */
  code?: string;
  status?: number;
}

interface WechatScanOptions {
  host?: string;
  clientId?: string;
  appId?: string;
  /** `zh-CN` or `en`; by default what the browser prefers. */
  lang?: string;
  /** How many codes are drawn by themselves after the first one has expired; 5 by default. */
  refreshes?: number;
  onScanned?(person: WechatScanned): void;
  onSuccess?(result: WechatScanSuccess): void;
  onExpired?(): void;
  onDeclined?(): void;
  onError?(error: WechatLoginError): void;
}

interface WechatScanControl {
  /** Stop asking; what is drawn stays. */
  stop(): void;
  /** Draw a new code. */
  refresh(): void;
}

declare class WechatLogin {
  constructor(options?: WechatLoginOptions);
  /** Tell whether the page is open in WeChat. */
  checkWechatUA(): boolean;
  /** Return the address that a browser inside WeChat is sent to. */
  getAuthorizationUrl(): string;
  /** Return what the browser has come back with; by default it is read from `location.search`. */
  getUserInfo<Person = Record<string, unknown>>(search?: string): WechatUserInfoAnswer<Person>;
  /** Draw a QR code in an element, wait for the phone, and renew the code when it expires. */
  static scan(element: Element | string, options?: WechatScanOptions): WechatScanControl;
}

declare const AuthingWxmp: typeof WechatLogin;
