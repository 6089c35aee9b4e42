// What the package next-auth makes of a configuration for Next.js: each call is Auth.js's own.
import { AsyncLocalStorage } from "node:async_hooks";
import { Auth, skipCSRFCheck } from "@auth/core";

// Next.js keeps the request that it is serving; so does server.mjs.
export const serving = new AsyncLocalStorage();

export default function NextAuth(config) {
  const base = `${process.env.AUTH_URL}/api/auth`;
  const whole = { ...config, basePath: "/api/auth", secret: process.env.AUTH_SECRET, trustHost: true };
  const ask = (request) => Auth(request, whole);
  // Next.js sends the browser on from inside the call; here server.mjs finds the answer and does it.
  const post = async (action, callbackUrl) => {
    const visit = serving.getStore();
    const sent = new Headers(visit.headers);
    sent.set("content-type", "application/x-www-form-urlencoded");
    sent.delete("content-length");
    const body = new URLSearchParams({ callbackUrl });
    const request = new Request(`${base}/${action}`, { method: "POST", headers: sent, body });
    visit.answer = await Auth(request, { ...whole, skipCSRFCheck });
  };
  return {
    handlers: { GET: ask, POST: ask },
    auth: async () => (await ask(new Request(`${base}/session`, serving.getStore()))).json(),
    signIn: (provider, { redirectTo }) => post(`signin/${provider}`, redirectTo),
    signOut: ({ redirectTo }) => post("signout", redirectTo),
  };
}
