const assert = require("node:assert/strict");
const test = require("node:test");

const { LIST_MAX, TITLE_MAX, parseTitle, withNote, withoutNote } = require("../dist/index.js");

const note = (id) => ({ id: String(id), title: `note ${id}`, createdAt: "2025-01-01T00:00:00.000Z" });

test("a title is trimmed", () => {
  assert.deepEqual(parseTitle("  buy milk\n"), { ok: true, title: "buy milk" });
});

test("a title has 1 to 200 characters, counted after trimming", () => {
  assert.equal(parseTitle("x").ok, true);
  assert.equal(parseTitle(` ${"x".repeat(TITLE_MAX)} `).ok, true);
  assert.equal(parseTitle("x".repeat(TITLE_MAX + 1)).ok, false);
  assert.equal(parseTitle(" \t ").ok, false);
});

test("an emoji is one character, as in PostgreSQL", () => {
  assert.equal(parseTitle("🦊".repeat(TITLE_MAX)).ok, true);
  assert.equal(parseTitle("🦊".repeat(TITLE_MAX + 1)).ok, false);
});

test("what PostgreSQL or a mail header cannot hold is refused", () => {
  for (const title of ["a\u0000b", "subject\r\nBcc: all@example.org", "half \ud83e pair"]) {
    assert.deepEqual(parseTitle(title), { ok: false, problem: "title must not contain control characters" });
  }
});

test("anything but a string is refused with the same sentence", () => {
  for (const input of [undefined, null, 7, ["a"], { title: "a" }]) {
    assert.deepEqual(parseTitle(input), { ok: false, problem: "title must be a string" });
  }
});

test("a new note comes first, once, and the list keeps its limit", () => {
  const full = Array.from({ length: LIST_MAX }, (_, index) => note(index));
  const list = withNote(withNote(full, note("new")), note("new"));
  assert.equal(list.length, LIST_MAX);
  assert.deepEqual(list.slice(0, 2).map(({ id }) => id), ["new", "0"]);
});

test("deleting twice is deleting once", () => {
  const list = withoutNote([note(1), note(2)], "1");
  assert.deepEqual(list, [note(2)]);
  assert.deepEqual(withoutNote(list, "1"), list);
});
