import type { Health, Note } from "@izzzi/contract";

/** Read at run time, on the server only: one image serves every environment. */
export const release = (): string => process.env.RELEASE || "development";

/** Undefined when the API does not answer; the page says so instead of failing. */
export async function readNotes(): Promise<Note[] | undefined> {
  const response = await get("/notes");
  return response?.ok ? ((await response.json()) as Note[]) : undefined;
}

/** 503 carries the same body: it names what is down. */
export async function readHealth(): Promise<Health | undefined> {
  const response = await get("/health");
  return response && (response.ok || response.status === 503) ? ((await response.json()) as Health) : undefined;
}

async function get(path: string): Promise<Response | undefined> {
  const api = process.env.API_INTERNAL_URL || "http://127.0.0.1:4000/api";
  try {
    return await fetch(api + path, { cache: "no-store", signal: AbortSignal.timeout(3_000) });
  } catch (error) {
    console.warn(`GET ${api}${path}: ${String(error)}`);
    return undefined;
  }
}
