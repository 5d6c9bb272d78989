"use client";

import { type Health, type Note, withNote, withoutNote } from "@izzzi/contract";
import { useState } from "react";

import { deleteNote } from "../lib/client";
import { setting } from "../lib/settings";
import { Composer } from "./composer";
import { NoteList } from "./note-list";
import { Services } from "./services";
import { useLive } from "./use-live";

interface Props {
  initialNotes: Note[] | undefined;
  initialHealth: Health | undefined;
  release: string;
}

export function Board({ initialNotes, initialHealth, release }: Props) {
  const { notes, setNotes, health, live } = useLive(initialNotes, initialHealth);
  const [problem, setProblem] = useState("");

  const add = (note: Note) => setNotes((list) => withNote(list ?? [], note));

  const remove = async (note: Note) => {
    setProblem("");
    if (await deleteNote(note.id)) setNotes((list) => list && withoutNote(list, note.id));
    else setProblem("The note was not deleted. Try again in a moment.");
  };

  return (
    <div className="page">
      <header className="top">
        <span className="brand">
          <Mark />
          <span data-testid="site-name">{setting("NEXT_PUBLIC_SITE_NAME") ?? "izzzi"}</span>
        </span>
        <span className={live ? "pill pill-live" : "pill"} role="status">
          <span className="dot" aria-hidden="true" />
          <span data-testid="live">{live ? "live" : "connecting…"}</span>
        </span>
      </header>

      <main>
        <h1>
          Write it down.
          <br />
          <em>Watch it arrive.</em>
        </h1>
        <p className="lead">Every note goes to PostgreSQL, through Redis to every open page, and out by mail.</p>

        <Composer onCreated={add} />

        {problem && (
          <p className="notice" role="alert">
            {problem}
          </p>
        )}
        {notes === undefined ? (
          <p className="notice" role="alert" data-testid="notice">
            <strong>The API does not answer.</strong> This page shows the notes as soon as it does.
          </p>
        ) : (
          <NoteList notes={notes} onDelete={remove} />
        )}
      </main>

      <footer className="foot">
        <Services health={health} />
        <p className="release">
          <span>
            release <code data-testid="release">{release}</code>
          </span>
          {health && health.release !== release && <a href="/">a new release is out: reload</a>}
          <a href="/api/docs">API docs</a>
        </p>
      </footer>
    </div>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <rect width="32" height="32" rx="9" fill="var(--accent)" />
      <path
        d="M10 10h12l-12 12h12"
        fill="none"
        stroke="#fff"
        strokeWidth="3.2"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
