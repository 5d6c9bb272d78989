/** Brings the database to this release's schema: `node dist/migrate.js`. Safe to run twice, or by two at once. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Client } from "pg";

import { reason } from "./check";
import { readDatabaseUrl } from "./config";

const DIRECTORY = join(__dirname, "../migrations");
const PATIENCE_MS = 30_000;
/** Any number, as long as every runner of these migrations takes the same. */
const LOCK = 4_915_200;
/** Not there yet: no address, no listener, or a server that is still starting. */
const WORTH_WAITING = new Set(["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "57P03"]);

export function pending(files: readonly string[], applied: readonly string[]): string[] {
  return files.filter((file) => file.endsWith(".sql") && !applied.includes(file)).sort();
}

async function connect(databaseUrl: string): Promise<Client> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const client = new Client({ connectionString: databaseUrl, application_name: "izzzi-migrate" });
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (!WORTH_WAITING.has(reason(error)) || Date.now() > deadline) throw error;
      console.log(`waiting for PostgreSQL (${reason(error)})`);
      await sleep(1_000);
    }
  }
}

async function apply(client: Client, file: string): Promise<void> {
  const sql = await readFile(join(DIRECTORY, file), "utf8");
  try {
    await client.query("BEGIN");
    await client.query(sql);
    await client.query("INSERT INTO schema_migrations (file) VALUES ($1)", [file]);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw new Error(`${file} was rolled back: ${(error as Error).message}`);
  }
  console.log(`applied ${file}`);
}

async function migrate(databaseUrl: string): Promise<void> {
  const client = await connect(databaseUrl);
  try {
    // Belongs to the session: PostgreSQL releases it even when this process is killed.
    await client.query("SELECT pg_advisory_lock($1)", [LOCK]);
    await client.query(`
      CREATE TABLE IF NOT EXISTS schema_migrations (
        file text PRIMARY KEY,
        applied_at timestamptz NOT NULL DEFAULT now()
      )`);
    const { rows } = await client.query<{ file: string }>("SELECT file FROM schema_migrations");
    const todo = pending(await readdir(DIRECTORY), rows.map(({ file }) => file));
    for (const file of todo) await apply(client, file);
    console.log(todo.length === 0 ? "the database is up to date" : `${todo.length} applied`);
  } finally {
    await client.end();
  }
}

if (require.main === module) {
  // As a container's first process it would ignore both; PostgreSQL rolls back what was not committed.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  Promise.resolve()
    .then(() => migrate(readDatabaseUrl(process.env)))
    .catch((error: Error) => {
      console.error(`migration failed: ${error.message}`);
      process.exit(1);
    });
}
