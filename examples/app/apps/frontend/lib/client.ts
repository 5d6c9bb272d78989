import type { Health, Note } from "@izzzi/contract";

/** The API is on the page's own origin, so every path is relative and nothing is baked in at build time. */
export async function fetchNotes(): Promise<Note[] | undefined> {
  const response = await request("/api/notes");
  return response?.ok ? ((await response.json()) as Note[]) : undefined;
}

export async function fetchHealth(): Promise<Health | undefined> {
  const response = await request("/api/health");
  if (!response || !isJson(response)) return undefined;
  return (await response.json()) as Health;
}

export type Created = { note: Note } | { problem: string };

export async function createNote(title: string): Promise<Created> {
  const response = await request("/api/notes", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ title }),
  });
  if (response?.ok) return { note: (await response.json()) as Note };
  if (response?.status === 400 && isJson(response)) {
    return { problem: ((await response.json()) as { message: string }).message };
  }
  return { problem: "The note was not saved. Try again in a moment." };
}

/** A note that is already gone is as good as deleted. */
export async function deleteNote(id: string): Promise<boolean> {
  const response = await request(`/api/notes/${id}`, { method: "DELETE" });
  return response !== undefined && (response.ok || response.status === 404);
}

const isJson = (response: Response): boolean =>
  response.headers.get("content-type")?.startsWith("application/json") ?? false;

async function request(path: string, init?: RequestInit): Promise<Response | undefined> {
  return fetch(path, { ...init, signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
}
