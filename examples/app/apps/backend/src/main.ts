import "reflect-metadata";

import { ConsoleLogger, Logger } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { NestExpressApplication } from "@nestjs/platform-express";
import { DocumentBuilder, SwaggerModule } from "@nestjs/swagger";

import { AppModule } from "./app.module";
import { ConfigError, readConfig } from "./config";
import { RedisConnections } from "./redis";
import { RedisIoAdapter } from "./redis-io.adapter";

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(config), {
    logger: new ConsoleLogger({ json: process.env.NODE_ENV === "production" }),
    forceCloseConnections: true, // idle keep-alive connections must not delay a stop
  });
  app.enableShutdownHooks();
  app.disable("x-powered-by");
  app.setGlobalPrefix("api");
  if (config.frontendUrl) app.enableCors({ origin: config.frontendUrl });
  app.useWebSocketAdapter(new RedisIoAdapter(app, app.get(RedisConnections), config.frontendUrl));

  const description = new DocumentBuilder().setTitle("izzzi demo API").setVersion(config.release).build();
  SwaggerModule.setup("docs", app, () => SwaggerModule.createDocument(app, description), { useGlobalPrefix: true });

  await app.listen(config.port, "0.0.0.0");
  new Logger("Main").log(`release ${config.release} listens on port ${config.port}`);
}

/** Prints the stack and not the error's fields: a driver keeps the failed command there, AUTH with its password too. */
function fail(error: unknown): never {
  if (error instanceof ConfigError) console.error(error.message);
  else console.error(error instanceof Error ? error.stack : String(error));
  process.exit(1);
}

process.on("unhandledRejection", fail);
main().catch(fail);
