import { release } from "../../lib/server";

export const dynamic = "force-dynamic";

/** Whether this process answers. It does not ask the API: the page works without it, so it is healthy without it. */
export function GET(): Response {
  return Response.json({ status: "ok", release: release() });
}
