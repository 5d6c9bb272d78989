-- Reviewed, never run: the app has no SQL database.
ALTER TABLE orders DROP COLUMN note;
