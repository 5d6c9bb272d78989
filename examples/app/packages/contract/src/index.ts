/** What the backend and the frontend agree on: the shapes, the events, and the one rule for a title. */

export interface Note {
  id: string;
  title: string;
  /** ISO 8601, UTC. */
  createdAt: string;
}

export interface Health {
  status: "ok" | "error";
  release: string;
  /** "ok", or "error: <short reason>". */
  checks: { postgres: string; redis: string };
}

/** socket.io events the server sends. */
export interface ServerEvents {
  "note:created": (note: Note) => void;
  "note:deleted": (note: Pick<Note, "id">) => void;
}

export const TITLE_MAX = 200;

/** How many notes a list holds, on the page as in the API. */
export const LIST_MAX = 50;

export type Title = { ok: true; title: string } | { ok: false; problem: string };

/** Counts characters as PostgreSQL's char_length does, so that the page, the API and the table never disagree. */
export function parseTitle(input: unknown): Title {
  if (typeof input !== "string") return { ok: false, problem: "title must be a string" };
  const title = input.trim();
  if (title === "") return { ok: false, problem: "title must not be empty" };
  if ([...title].length > TITLE_MAX) return { ok: false, problem: `title must have at most ${TITLE_MAX} characters` };
  // PostgreSQL cannot store NUL, a mail subject cannot hold line breaks, and no title needs half a surrogate pair.
  if (/[\p{Cc}\p{Cs}]/u.test(title)) return { ok: false, problem: "title must not contain control characters" };
  return { ok: true, title };
}

/** The list with the note in front: a note may arrive twice, as the answer to a request and as an event. */
export function withNote(notes: readonly Note[], note: Note): Note[] {
  return [note, ...withoutNote(notes, note.id)].slice(0, LIST_MAX);
}

export function withoutNote(notes: readonly Note[], id: string): Note[] {
  return notes.filter((note) => note.id !== id);
}
