import type { Note } from "@izzzi/contract";

import { Ago } from "./ago";

interface Props {
  notes: Note[];
  onDelete: (note: Note) => void;
}

export function NoteList({ notes, onDelete }: Props) {
  if (notes.length === 0) return <p className="empty">No notes yet. The first one is yours.</p>;
  return (
    <ul className="notes" aria-label="Notes, newest first" aria-live="polite" aria-relevant="additions">
      {notes.map((note) => (
        <li key={note.id} className="note" data-testid="note">
          <span className="note-title">{note.title}</span>
          <Ago at={note.createdAt} />
          <button type="button" className="delete" aria-label={`Delete “${note.title}”`} onClick={() => onDelete(note)}>
            <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
              <path d="m4 4 8 8m0-8-8 8" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" />
            </svg>
          </button>
        </li>
      ))}
    </ul>
  );
}
