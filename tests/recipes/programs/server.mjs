// A server for what the recipe puts into a program on Next.js: its route, and pages that call it.
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { auth, handlers, signIn } from "./auth.mjs";
import { logOut } from "./log-out.mjs";
import { serving } from "./next-auth.mjs";

const origin = process.env.AUTH_URL;
const pages = {
  "/": async () => Response.json((await auth()) ?? { user: null }),
  "/login": () => signIn("wechat-login", { redirectTo: `${origin}/` }),
  "/logout": logOut,
};

async function answer(incoming) {
  const { method, headers } = incoming;
  const body = method === "POST" ? await text(incoming) : undefined;
  const request = new Request(origin + incoming.url, { method, headers, body });
  const { pathname } = new URL(request.url);
  if (pathname.startsWith("/api/auth/")) return handlers[method](request);
  if (!(pathname in pages)) return new Response(null, { status: 404 });
  const visit = { headers: request.headers };
  return (await serving.run(visit, pages[pathname])) ?? visit.answer;
}

const server = createServer(async (incoming, outgoing) => {
  const made = await answer(incoming);
  const cookies = { "set-cookie": made.headers.getSetCookie() };
  outgoing.writeHead(made.status, { ...Object.fromEntries(made.headers), ...cookies });
  outgoing.end(await made.text());
});
server.listen(Number(new URL(origin).port), "127.0.0.1");
