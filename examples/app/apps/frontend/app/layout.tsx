import "./globals.css";

import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";

import { settingsScript } from "../lib/settings";

export const metadata: Metadata = {
  title: "izzzi · notes",
  description: "Notes that arrive while you look: the demo app of the izzzi.infra collection",
};

// Settings are read when a page is asked for, never when it is built.
export const dynamic = "force-dynamic";

export const viewport: Viewport = {
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#faf8f4" },
    { media: "(prefers-color-scheme: dark)", color: "#14141c" },
  ],
};

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <head>
        <script dangerouslySetInnerHTML={{ __html: settingsScript() }} />
      </head>
      <body>{children}</body>
    </html>
  );
}
