-- Where the next delta load of a source begins.
CREATE TABLE resume (
  source_id  INTEGER PRIMARY KEY,
  last_full  TEXT NOT NULL,
  run        INTEGER NOT NULL,
  replicas   INTEGER NOT NULL,
  checkpoint BLOB NOT NULL
);
