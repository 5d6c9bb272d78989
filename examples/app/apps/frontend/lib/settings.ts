/**
 * Public settings (NEXT_PUBLIC_*) of the environment that the server was started in.
 *
 * Next.js replaces `process.env.NEXT_PUBLIC_NAME` when it builds, so that an image would belong to one environment. A
 * name that is computed is not replaced: the server reads its environment, and hands the settings to the browser.
 */

const PREFIX = "NEXT_PUBLIC_";

declare global {
  interface Window {
    __SETTINGS__?: Record<string, string>;
  }
}

export function setting(name: `NEXT_PUBLIC_${string}`): string | undefined {
  return (typeof window === "undefined" ? process.env[name] : window.__SETTINGS__?.[name]) || undefined;
}

/** A script for the page's head. `<` is written as an escape: no value can end the script. */
export function settingsScript(): string {
  const given = Object.entries(process.env).filter(([name]) => name.startsWith(PREFIX));
  return `window.__SETTINGS__=${JSON.stringify(Object.fromEntries(given)).replaceAll("<", "\\u003c")}`;
}
