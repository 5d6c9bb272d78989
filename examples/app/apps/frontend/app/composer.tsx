import { type Note, parseTitle, TITLE_MAX } from "@izzzi/contract";
import { type FormEvent, useState } from "react";

import { createNote } from "../lib/client";

/** The form: checks the title by the API's own rule, and keeps the draft until the API has the note. */
export function Composer({ onCreated }: { onCreated: (note: Note) => void }) {
  const [draft, setDraft] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const parsed = parseTitle(draft);
    if (!parsed.ok) return setProblem(parsed.problem);
    setBusy(true);
    const created = await createNote(parsed.title);
    setBusy(false);
    if ("problem" in created) return setProblem(created.problem);
    onCreated(created.note);
    setDraft("");
    setProblem("");
  };

  return (
    <form onSubmit={submit} noValidate>
      <div className="composer">
        <label htmlFor="title" className="sr-only">
          New note
        </label>
        <input
          id="title"
          name="title"
          placeholder="What should not be forgotten?"
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          maxLength={TITLE_MAX * 2}
          autoComplete="off"
          aria-invalid={problem !== ""}
          aria-describedby="title-problem"
        />
        <button type="submit" disabled={busy}>
          {busy ? "Adding…" : "Add note"}
        </button>
      </div>
      <p id="title-problem" className="problem" role="alert">
        {problem}
      </p>
    </form>
  );
}
