import path from "node:path";
import type { NextConfig } from "next";
import { PHASE_DEVELOPMENT_SERVER } from "next/constants";

const monorepo = path.join(__dirname, "../..");
const backend = "http://127.0.0.1:4000";

export default function config(phase: string): NextConfig {
  return {
    output: "standalone",
    outputFileTracingRoot: monorepo,
    turbopack: { root: monorepo },
    images: { unoptimized: true },
    poweredByHeader: false,
    // In production the reverse proxy joins both apps into one origin; `next dev` does it by itself.
    ...(phase === PHASE_DEVELOPMENT_SERVER && {
      skipTrailingSlashRedirect: true,
      rewrites: async () => [
        { source: "/api/:path*", destination: `${backend}/api/:path*` },
        { source: "/socket.io/", destination: `${backend}/socket.io/` },
      ],
    }),
  };
}
