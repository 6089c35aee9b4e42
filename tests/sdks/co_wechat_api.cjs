"use strict";
// Makes calls of co-wechat-api at a simulator: {base, appid, secret, calls: [[method, ...arguments]]}
// come in, [{value} or {error: {name, code, message}}] goes out.
const WechatAPI = require("co-wechat-api");
const { answerCalls } = require("./calls.cjs");

answerCalls(({ base, appid, secret }) => {
  const api = new WechatAPI(appid, secret);
  api.prefix = api.mpPrefix = `${base}/cgi-bin/`;
  api.snsPrefix = `${base}/sns/`;
  return api;
});
