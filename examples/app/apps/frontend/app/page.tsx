import { readHealth, readNotes, release } from "../lib/server";
import { Board } from "./board";

export default async function Page() {
  const [notes, health] = await Promise.all([readNotes(), readHealth()]);
  return <Board initialNotes={notes} initialHealth={health} release={release()} />;
}
