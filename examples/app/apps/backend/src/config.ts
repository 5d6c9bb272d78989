/** The environment, read once at start: every problem is named at once, and no value is ever repeated. */

export interface Config {
  port: number;
  release: string;
  databaseUrl: string;
  redisUrl: string;
  mail: { host: string; port: number; from: string };
  /** Another origin that may call the API. Behind one reverse proxy there is none. */
  frontendUrl?: string;
}

export class ConfigError extends Error {
  constructor(problems: string[]) {
    super(`The environment is not complete:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.name = "ConfigError";
  }
}

type Environment = Record<string, string | undefined>;

export function readConfig(env: Environment): Config {
  const read = new Reader(env);
  const config: Config = {
    port: read.port("PORT", 4000),
    release: env.RELEASE || "development",
    databaseUrl: read.url("DATABASE_URL", ["postgres:", "postgresql:"]),
    redisUrl: read.url("REDIS_URL", ["redis:", "rediss:"]),
    mail: {
      host: read.text("MAIL_HOST", "the name of the mail server"),
      port: read.port("MAIL_PORT", 25),
      from: read.text("MAIL_FROM", "the sender, such as Notes <notes@example.org>"),
    },
    frontendUrl: env.FRONTEND_URL ? new URL(read.url("FRONTEND_URL", ["http:", "https:"])).origin : undefined,
  };
  read.finish();
  return config;
}

/** Migrations need the database and nothing else. */
export function readDatabaseUrl(env: Environment): string {
  const read = new Reader(env);
  const url = read.url("DATABASE_URL", ["postgres:", "postgresql:"]);
  read.finish();
  return url;
}

/** Collects problems; what it returns for a bad variable is never used, because finish() throws. */
class Reader {
  private readonly problems: string[] = [];

  constructor(private readonly env: Environment) {}

  text(name: string, meaning: string): string {
    const value = this.env[name] ?? "";
    if (value === "") this.problems.push(`${name} is missing: ${meaning}`);
    return value;
  }

  port(name: string, fallback: number): number {
    const value = this.env[name] || String(fallback);
    const port = /^\d{1,5}$/.test(value) ? Number(value) : 0;
    if (port < 1 || port > 65535) this.problems.push(`${name} must be a port number from 1 to 65535`);
    return port;
  }

  url(name: string, protocols: string[]): string {
    const schemes = protocols.map((protocol) => `${protocol}//`).join(" or ");
    const value = this.text(name, `a URL that begins with ${schemes}`);
    if (value === "") return "http://invalid";
    if (!URL.canParse(value)) {
      this.problems.push(`${name} is not a URL: percent-encode special characters of its password`);
      return "http://invalid";
    }
    if (!protocols.includes(new URL(value).protocol)) this.problems.push(`${name} must begin with ${schemes}`);
    return value;
  }

  finish(): void {
    if (this.problems.length > 0) throw new ConfigError(this.problems);
  }
}
