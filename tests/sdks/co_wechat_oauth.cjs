"use strict";
// Makes calls of co-wechat-oauth at a simulator, as co_wechat_api.cjs does of its neighbour.
const https = require("node:https");
const net = require("node:net");
const OAuth = require("co-wechat-oauth");
const { answerCalls } = require("./calls.cjs");

// It has WeChat's address in its code, but takes an agent: whatever it says to that address is
// carried to the simulator, which speaks plain HTTP.
class AgentToSimulator extends https.Agent {
  constructor(base) {
    super();
    this.simulator = new URL(base);
  }

  createConnection() {
    return net.connect(Number(this.simulator.port), this.simulator.hostname);
  }
}

answerCalls(({ base, appid, secret }) => {
  const oauth = new OAuth(appid, secret);
  oauth.setOpts({ agent: new AgentToSimulator(base) });
  return oauth;
});
