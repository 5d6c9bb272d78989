import { Logger } from "@nestjs/common";
import { Pool } from "pg";

export function createPool(databaseUrl: string): Pool {
  const pool = new Pool({
    connectionString: databaseUrl,
    application_name: "izzzi-backend",
    max: 10,
    connectionTimeoutMillis: 2_000,
    query_timeout: 5_000,
    keepAlive: true,
  });
  // Without a listener, a restart of PostgreSQL would end this process through its idle connections.
  pool.on("error", (error) => new Logger("Postgres").warn(`idle connection lost: ${error.message}`));
  return pool;
}
