/** "ok", or why not: short, and without addresses, user names or passwords. */
export async function check(probe: () => Promise<unknown>, timeoutMs: number): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error("timeout"), { code: "timeout" })), timeoutMs);
  });
  try {
    await Promise.race([probe(), timeout]);
    return "ok";
  } catch (error) {
    return `error: ${reason(error)}`;
  } finally {
    clearTimeout(timer);
  }
}

/** Messages of drivers may hold addresses and names; their codes (ECONNREFUSED, 28P01, NOAUTH) do not. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return "unavailable";
  if ("code" in error && typeof error.code === "string") return error.code;
  return /^[A-Z]{4,}\b/.exec(error.message)?.[0] ?? "unavailable";
}
