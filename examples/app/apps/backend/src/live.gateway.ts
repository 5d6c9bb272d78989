import type { Note, ServerEvents } from "@izzzi/contract";
import { WebSocketGateway, WebSocketServer } from "@nestjs/websockets";
import type { Server } from "socket.io";

/** Tells every open page what changed. */
@WebSocketGateway()
export class LiveGateway {
  @WebSocketServer()
  private readonly server!: Server<Record<string, never>, ServerEvents>;

  created(note: Note): void {
    this.server.emit("note:created", note);
  }

  deleted(id: string): void {
    this.server.emit("note:deleted", { id });
  }
}
