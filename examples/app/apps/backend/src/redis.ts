import { Inject, Injectable, Logger, type OnApplicationShutdown } from "@nestjs/common";
import { Redis } from "ioredis";

import type { Config } from "./config";
import { CONFIG } from "./tokens";

class Disconnected extends Error {
  readonly code = "disconnected";
}

/** Two connections, because one that subscribes cannot publish. Both reconnect for ever. */
@Injectable()
export class RedisConnections implements OnApplicationShutdown {
  readonly publisher: Redis;
  readonly subscriber: Redis;
  private lastError: Error = new Disconnected();

  constructor(@Inject(CONFIG) config: Config) {
    this.publisher = this.connect(config.redisUrl);
    this.subscriber = this.connect(config.redisUrl);
  }

  async ping(): Promise<void> {
    // A command sent while disconnected would wait in a queue: say at once what is wrong instead.
    if (this.publisher.status !== "ready") throw this.lastError;
    await this.publisher.ping();
  }

  onApplicationShutdown(): void {
    this.publisher.disconnect();
    this.subscriber.disconnect();
  }

  private connect(url: string): Redis {
    const redis = new Redis(url, {
      connectTimeout: 2_000,
      maxRetriesPerRequest: null, // events wait for Redis to come back instead of failing
      retryStrategy: (attempt) => Math.min(attempt * 200, 2_000),
    });
    const logger = new Logger("Redis");
    redis.on("error", (error: Error) => {
      if (error.message !== this.lastError.message) logger.warn(error.message);
      this.lastError = error;
    });
    redis.on("ready", () => (this.lastError = new Disconnected()));
    return redis;
  }
}
