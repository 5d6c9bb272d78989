const assert = require("node:assert/strict");
const test = require("node:test");

const { check } = require("../dist/check.js");

const failing = (error) => check(() => Promise.reject(error), 1_000);

test("an answer is ok", async () => {
  assert.equal(await check(async () => "PONG", 1_000), "ok");
});

test("silence ends at the timeout", async () => {
  const started = Date.now();
  assert.equal(await check(() => new Promise(() => {}), 50), "error: timeout");
  assert.ok(Date.now() - started < 1_000);
});

test("the reason is a code, never a driver's message", async () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED 10.0.0.5:5432"), { code: "ECONNREFUSED" });
  assert.equal(await failing(refused), "error: ECONNREFUSED");
  assert.equal(await failing(new Error("WRONGPASS invalid username-password pair")), "error: WRONGPASS");
  assert.equal(await failing(new Error("cannot reach postgresql://izzzi:s3cret@db")), "error: unavailable");
});
