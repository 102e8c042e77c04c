-- Objects that were written past the registry, by SQL of somebody else's. The
-- triggers of the class tables note them; a standing knows up to where its
-- source has looked.
CREATE TABLE drift (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  class_table TEXT NOT NULL,
  object_id   INTEGER NOT NULL
);
CREATE INDEX drift_object ON drift (object_id);
ALTER TABLE standing ADD COLUMN drift INTEGER NOT NULL DEFAULT 0;
