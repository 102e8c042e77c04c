-- What several nodes know together of who comes in. One node on SQLite keeps it in memory, and leaves these tables empty.
CREATE TABLE session (
  hash       TEXT NOT NULL PRIMARY KEY,
  account_id INTEGER NOT NULL,
  seal       TEXT NOT NULL,
  since      TEXT NOT NULL,
  seen       TEXT NOT NULL
);
CREATE TABLE sign_in_try (
  bucket  TEXT NOT NULL PRIMARY KEY,
  full_at INTEGER NOT NULL,
  room    INTEGER NOT NULL
);
CREATE TABLE sign_in_guess (
  account  TEXT NOT NULL,
  slot     INTEGER NOT NULL,
  asked_at INTEGER NOT NULL,
  PRIMARY KEY (account, slot)
);
