const assert = require("node:assert/strict");
const test = require("node:test");

const { ConfigError, readConfig, readDatabaseUrl } = require("../dist/config.js");

const complete = {
  DATABASE_URL: "postgresql://izzzi:s3cret@postgres:5432/izzzi",
  REDIS_URL: "redis://:s3cret@redis:6379",
  MAIL_HOST: "mail",
  MAIL_FROM: "izzzi <no-reply@izzzi.invalid>",
};

test("defaults fill what may be left out", () => {
  const config = readConfig(complete);
  assert.equal(config.port, 4000);
  assert.equal(config.release, "development");
  assert.deepEqual(config.mail, { host: "mail", port: 25, from: complete.MAIL_FROM });
  assert.equal(config.frontendUrl, undefined);
});

test("every problem is named at once", () => {
  assert.throws(
    () => readConfig({ PORT: "http", REDIS_URL: "mail:6379", MAIL_PORT: "70000" }),
    (error) =>
      error instanceof ConfigError &&
      ["PORT", "DATABASE_URL", "REDIS_URL", "MAIL_HOST", "MAIL_PORT", "MAIL_FROM"].every((name) =>
        error.message.includes(`- ${name} `),
      ),
  );
});

test("an empty value counts as missing, as Compose passes it for an unset variable", () => {
  assert.throws(() => readConfig({ ...complete, MAIL_HOST: "" }), /MAIL_HOST is missing/);
});

test("no message repeats a secret", () => {
  const bad = { ...complete, DATABASE_URL: "postgresql://izzzi:s3cret@:x/izzzi", REDIS_URL: "http://:s3cret@redis" };
  assert.throws(
    () => readConfig(bad),
    (error) =>
      /DATABASE_URL is not a URL/.test(error.message) &&
      /REDIS_URL must begin with redis:/.test(error.message) &&
      !error.message.includes("s3cret"),
  );
});

test("the frontend's URL becomes an origin, as browsers send it", () => {
  assert.equal(readConfig({ ...complete, FRONTEND_URL: "https://izzzi.example/app/" }).frontendUrl, "https://izzzi.example");
  assert.throws(() => readConfig({ ...complete, FRONTEND_URL: "izzzi.example" }), /FRONTEND_URL/);
});

test("migrations ask for the database only", () => {
  assert.equal(readDatabaseUrl({ DATABASE_URL: complete.DATABASE_URL }), complete.DATABASE_URL);
  assert.throws(() => readDatabaseUrl({}), /DATABASE_URL is missing/);
});
