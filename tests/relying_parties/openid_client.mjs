// A program written with openid-client. It is started with its settings on standard input, and
// keeps one person at a time; each address does one thing that the package can do.
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import * as client from "openid-client";

const settings = JSON.parse(await text(process.stdin));
const config = await client.discovery(
  new URL(settings.issuer),
  settings.client_id,
  settings.client_secret,
  undefined,
  // The tests have no TLS.
  { execute: [client.allowInsecureRequests] },
);
// Without this the package trusts TLS for what it has fetched itself, and verifies no signature.
client.enableNonRepudiationChecks(config);

const SCOPE = "openid profile email offline_access";
const started = new Map();
let visit = null;
let device = null;

async function begin(query) {
  const verifier = client.randomPKCECodeVerifier();
  const checks = {
    pkceCodeVerifier: verifier,
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
  };
  started.set(checks.expectedState, checks);
  const asked = {
    redirect_uri: settings.redirect_uri,
    scope: SCOPE,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...Object.fromEntries(query),
  };
  const { pushed, ...parameters } = asked;
  return pushed
    ? client.buildAuthorizationUrlWithPAR(config, parameters)
    : client.buildAuthorizationUrl(config, parameters);
}

async function finish(request, state) {
  const tokens = await client.authorizationCodeGrant(config, request, started.get(state));
  const claims = tokens.claims();
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  visit = { tokens, claims, userinfo };
}

const pages = {
  "GET /": () => ({ visit }),
  "GET /login": async ({ searchParams }) => begin(searchParams),
  "GET /back": async (url) => {
    await finish(url, url.searchParams.get("state"));
    return new URL(settings.url);
  },
  "POST /back": async (url, body) => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const request = new Request(url, { method: "POST", headers, body });
    await finish(request, new URLSearchParams(body).get("state"));
    return new URL(settings.url);
  },
  "GET /refresh": async () => {
    const tokens = await client.refreshTokenGrant(config, visit.tokens.refresh_token);
    visit.tokens = { ...visit.tokens, ...tokens };
    return { tokens, claims: tokens.claims() };
  },
  "GET /introspect": ({ searchParams }) =>
    client.tokenIntrospection(config, visit.tokens[searchParams.get("token")]),
  "GET /revoke": async ({ searchParams }) => {
    await client.tokenRevocation(config, visit.tokens[searchParams.get("token")]);
    return {};
  },
  "GET /logout": () => {
    const { id_token } = visit.tokens;
    visit = null;
    return client.buildEndSessionUrl(config, {
      id_token_hint: id_token,
      post_logout_redirect_uri: settings.logged_out_uri,
      state: "closing",
    });
  },
  "GET /bye": ({ searchParams }) => ({ bye: Object.fromEntries(searchParams) }),
  "GET /device": async () => {
    device = await client.initiateDeviceAuthorization(config, { scope: SCOPE });
    return device;
  },
  "GET /device/done": async () => {
    const tokens = await client.pollDeviceAuthorizationGrant(config, device);
    const claims = tokens.claims();
    return { claims, userinfo: await client.fetchUserInfo(config, tokens.access_token, claims.sub) };
  },
};

const server = createServer(async (request, response) => {
  const url = new URL(request.url, settings.url);
  const page = pages[`${request.method} ${url.pathname}`];
  try {
    const answer = await page(url, await text(request));
    if (answer instanceof URL) {
      response.writeHead(302, { location: answer.href }).end();
    } else {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer));
    }
  } catch (error) {
    const { name, message, code, error: answered, cause } = error;
    response.writeHead(500, { "content-type": "application/json" });
    response.end(JSON.stringify({ name, message, code, error: answered, cause }));
  }
});
server.listen(Number(new URL(settings.url).port), "127.0.0.1");
await once(server, "listening");
console.log("listening");
