"use strict";
// Makes calls of authing-js-sdk at our service, as a back end does.
const { AuthenticationClient } = require("authing-js-sdk");
const { answerCalls } = require("./calls.cjs");

answerCalls(({ base, appid, secret }) => {
  const sdk = new AuthenticationClient({
    appId: appid,
    secret,
    appHost: base,
    introspectionEndPointAuthMethod: secret ? "client_secret_basic" : "none",
    onError: (code, message) => {
      throw Object.assign(new Error(message), { code });
    },
  });
  return {
    introspectToken: (token) => sdk.introspectToken(token),
    validateToken: (token) => sdk.validateToken(token),
    geneCode: () => sdk.wechatmpqrcode.geneCode(),
    checkStatus: (random) => sdk.wechatmpqrcode.checkStatus(random),
    exchangeUserInfo: (ticket) => sdk.wechatmpqrcode.exchangeUserInfo(ticket),
  };
});
