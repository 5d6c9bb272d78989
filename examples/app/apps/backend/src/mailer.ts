import type { Note } from "@izzzi/contract";
import { Inject, Injectable, Logger } from "@nestjs/common";
import { createTransport, type Transporter } from "nodemailer";

import type { Config } from "./config";
import { CONFIG } from "./tokens";

@Injectable()
export class Mailer {
  private readonly logger = new Logger(Mailer.name);
  private readonly transport: Transporter;

  constructor(@Inject(CONFIG) private readonly config: Config) {
    const { host, port } = config.mail;
    this.transport = createTransport({
      host,
      port,
      connectionTimeout: 5_000,
      greetingTimeout: 5_000,
      socketTimeout: 10_000,
    });
  }

  /** Does not make the caller wait: a dead mail server is no reason to refuse a note. */
  announce(note: Note): void {
    const { from } = this.config.mail;
    const mail = {
      from,
      to: from, // the demo has no users, so it writes to itself
      subject: `New note: ${note.title}`,
      text: `${note.title}\n\nWritten at ${note.createdAt}.\n`,
    };
    this.transport
      .sendMail(mail)
      .catch((error: Error) => this.logger.warn(`no mail for note ${note.id}: ${error.message}`));
  }
}
