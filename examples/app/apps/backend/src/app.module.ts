import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from "@nestjs/common";
import type { Pool } from "pg";

import type { Config } from "./config";
import { HealthController } from "./health.controller";
import { LiveGateway } from "./live.gateway";
import { Mailer } from "./mailer";
import { NotesController } from "./notes.controller";
import { NotesService } from "./notes.service";
import { createPool } from "./postgres";
import { RedisConnections } from "./redis";
import { CONFIG, POSTGRES } from "./tokens";

@Module({})
export class AppModule implements OnApplicationShutdown {
  constructor(@Inject(POSTGRES) private readonly postgres: Pool) {}

  static with(config: Config): DynamicModule {
    return {
      module: AppModule,
      controllers: [HealthController, NotesController],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: POSTGRES, useFactory: () => createPool(config.databaseUrl) },
        RedisConnections,
        LiveGateway,
        Mailer,
        NotesService,
      ],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.postgres.end();
  }
}
