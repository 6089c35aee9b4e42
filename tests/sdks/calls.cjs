"use strict";
// Reads an order from standard input, makes its calls one after another, and prints what they brought.
const { readFileSync } = require("node:fs");

async function outcome(sdk, [method, ...given]) {
  try {
    return { value: await sdk[method](...given) };
  } catch (error) {
    return { error: { name: error.name, code: error.code ?? null, message: error.message } };
  }
}

exports.answerCalls = async function (createSdk) {
  const order = JSON.parse(readFileSync(0, "utf8"));
  const sdk = createSdk(order);
  const outcomes = [];
  for (const call of order.calls) outcomes.push(await outcome(sdk, call));
  process.stdout.write(JSON.stringify(outcomes));
};
