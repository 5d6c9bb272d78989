const assert = require("node:assert/strict");
const test = require("node:test");

const { pending } = require("../dist/migrate.js");

test("pending migrations come in order, without those that are applied", () => {
  const files = ["0003_c.sql", "0001_a.sql", "README.md", "0002_b.sql"];
  assert.deepEqual(pending(files, ["0001_a.sql"]), ["0002_b.sql", "0003_c.sql"]);
});

test("a migration of a newer release does not disturb an older one", () => {
  assert.deepEqual(pending(["0001_a.sql"], ["0001_a.sql", "0002_newer.sql"]), []);
});
