import { type Health, type Note, type ServerEvents, withNote, withoutNote } from "@izzzi/contract";
import { useEffect, useState } from "react";
import { io, type Socket } from "socket.io-client";

import { fetchHealth, fetchNotes } from "../lib/client";

const HEALTH_EVERY_MS = 15_000;

/** Starts with what the server rendered and follows the API from then on. */
export function useLive(initialNotes: Note[] | undefined, initialHealth: Health | undefined) {
  const [notes, setNotes] = useState(initialNotes);
  const [health, setHealth] = useState(initialHealth);
  const [live, setLive] = useState(false);

  useEffect(() => {
    const socket: Socket<ServerEvents> = io();
    let changes = 0;

    /** Fills the gap before the connection. A change on the way makes the answer old: then it asks again. */
    const catchUp = async () => {
      for (let seen = -1; seen !== changes && socket.connected; ) {
        seen = changes;
        const latest = await fetchNotes();
        if (latest && seen === changes) setNotes(latest);
      }
    };
    const checkHealth = async () => setHealth(await fetchHealth());

    socket.on("connect", () => {
      setLive(true);
      void catchUp();
      void checkHealth();
    });
    socket.on("disconnect", () => {
      setLive(false);
      void checkHealth();
    });
    socket.on("note:created", (note) => {
      changes += 1;
      setNotes((list) => withNote(list ?? [], note));
    });
    socket.on("note:deleted", ({ id }) => {
      changes += 1;
      setNotes((list) => list && withoutNote(list, id));
    });

    const timer = setInterval(checkHealth, HEALTH_EVERY_MS);
    return () => {
      clearInterval(timer);
      socket.disconnect();
    };
  }, []);

  return { notes, setNotes, health, live };
}
