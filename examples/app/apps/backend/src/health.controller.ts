import type { Health } from "@izzzi/contract";
import { Controller, Get, Header, Inject, ServiceUnavailableException } from "@nestjs/common";
import { ApiOkResponse, ApiServiceUnavailableResponse, ApiTags } from "@nestjs/swagger";
import type { Pool } from "pg";

import { check } from "./check";
import type { Config } from "./config";
import { RedisConnections } from "./redis";
import { CONFIG, POSTGRES } from "./tokens";

const TIMEOUT_MS = 1_500;

@ApiTags("service")
@Controller()
export class HealthController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(POSTGRES) private readonly postgres: Pool,
    private readonly redis: RedisConnections,
  ) {}

  @Get()
  @ApiOkResponse({ description: "What answers here" })
  about(): { name: string; release: string; docs: string } {
    return { name: "izzzi-demo", release: this.config.release, docs: "/api/docs" };
  }

  @Get("health")
  @Header("Cache-Control", "no-store")
  @ApiOkResponse({ description: "PostgreSQL and Redis answer" })
  @ApiServiceUnavailableResponse({ description: "One of them does not; checks says which" })
  async health(): Promise<Health> {
    const [postgres, redis] = await Promise.all([
      check(() => this.postgres.query("SELECT 1"), TIMEOUT_MS),
      check(() => this.redis.ping(), TIMEOUT_MS),
    ]);
    const status = postgres === "ok" && redis === "ok" ? "ok" : "error";
    const health: Health = { status, release: this.config.release, checks: { postgres, redis } };
    if (status === "error") throw new ServiceUnavailableException(health);
    return health;
  }
}
