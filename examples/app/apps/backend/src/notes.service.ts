import { LIST_MAX, type Note } from "@izzzi/contract";
import { Inject, Injectable } from "@nestjs/common";
import type { Pool } from "pg";

import { LiveGateway } from "./live.gateway";
import { Mailer } from "./mailer";
import { POSTGRES } from "./tokens";

interface Row {
  id: string;
  title: string;
  created_at: Date;
}

const toNote = ({ id, title, created_at }: Row): Note => ({ id, title, createdAt: created_at.toISOString() });

@Injectable()
export class NotesService {
  constructor(
    @Inject(POSTGRES) private readonly postgres: Pool,
    private readonly live: LiveGateway,
    private readonly mailer: Mailer,
  ) {}

  async list(): Promise<Note[]> {
    const { rows } = await this.postgres.query<Row>(
      "SELECT id, title, created_at FROM notes ORDER BY created_at DESC, id DESC LIMIT $1",
      [LIST_MAX],
    );
    return rows.map(toNote);
  }

  async create(title: string): Promise<Note> {
    const { rows } = await this.postgres.query<Row>(
      "INSERT INTO notes (title) VALUES ($1) RETURNING id, title, created_at",
      [title],
    );
    const note = toNote(rows[0]!);
    this.live.created(note);
    this.mailer.announce(note);
    return note;
  }

  /** False when there is no such note. */
  async delete(id: string): Promise<boolean> {
    const { rowCount } = await this.postgres.query("DELETE FROM notes WHERE id = $1", [id]);
    if (!rowCount) return false;
    this.live.deleted(id);
    return true;
  }
}
