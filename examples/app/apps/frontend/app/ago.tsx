import { useEffect, useState } from "react";

const format = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
] as const;

function ago(at: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(at)) / 1_000);
  for (const [unit, size] of UNITS) {
    if (seconds >= size) return format.format(-Math.floor(seconds / size), unit);
  }
  return "just now";
}

/** The server does not know the reader's clock: it renders UTC, and the browser replaces that. */
export function Ago({ at }: { at: string }) {
  const [now, setNow] = useState<number>();

  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);

  return (
    <time className="ago" dateTime={at} title={at}>
      {now === undefined ? `${at.slice(0, 16).replace("T", " ")} UTC` : ago(at, now)}
    </time>
  );
}
