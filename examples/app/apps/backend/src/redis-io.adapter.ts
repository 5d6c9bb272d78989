import type { INestApplicationContext } from "@nestjs/common";
import { IoAdapter } from "@nestjs/platform-socket.io";
import { createAdapter } from "@socket.io/redis-adapter";
import type { Server, ServerOptions } from "socket.io";

import type { RedisConnections } from "./redis";

/** socket.io over Redis pub/sub: an event reaches every browser, whichever replica of the API it is connected to. */
export class RedisIoAdapter extends IoAdapter {
  constructor(
    app: INestApplicationContext,
    private readonly redis: RedisConnections,
    private readonly frontendUrl?: string,
  ) {
    super(app);
  }

  override createIOServer(port: number, options?: Partial<ServerOptions>): Server {
    const cors = this.frontendUrl ? { origin: this.frontendUrl } : undefined;
    const server: Server = super.createIOServer(port, { ...options, cors, serveClient: false });
    server.adapter(createAdapter(this.redis.publisher, this.redis.subscriber, { key: "izzzi" }));
    return server;
  }
}
