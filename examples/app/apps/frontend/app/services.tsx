import type { Health } from "@izzzi/contract";

const SERVICES = [
  ["postgres", "PostgreSQL"],
  ["redis", "Redis"],
] as const;

/** What the API says about what it stands on; "unknown" while it says nothing. */
export function Services({ health }: { health: Health | undefined }) {
  return (
    <dl className="services" aria-label="Services">
      {SERVICES.map(([key, name]) => {
        const state = health?.checks[key] ?? "unknown";
        return (
          <div key={key} className="service" data-state={state === "ok" ? "ok" : health ? "error" : "unknown"}>
            <dt>
              <span className="dot" aria-hidden="true" />
              {name}
            </dt>
            <dd data-testid={`health-${key}`}>{state}</dd>
          </div>
        );
      })}
    </dl>
  );
}
