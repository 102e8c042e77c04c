-- What several nodes know together of who comes in. One node on SQLite keeps it in memory.
CREATE TABLE session (
  hash       TEXT NOT NULL PRIMARY KEY,
  account_id BIGINT NOT NULL,
  seal       TEXT NOT NULL,
  since      TEXT NOT NULL,
  seen       TEXT NOT NULL
);

-- Tries to sign in, and the wrong passwords that a directory was asked about. They count for minutes: what a crash of the
-- database forgets need not be written twice.
CREATE UNLOGGED TABLE sign_in_try (
  bucket  TEXT NOT NULL PRIMARY KEY,
  full_at BIGINT NOT NULL,
  room    BIGINT NOT NULL
) WITH (fillfactor = 50);
CREATE UNLOGGED TABLE sign_in_guess (
  account  TEXT NOT NULL,
  slot     INTEGER NOT NULL,
  asked_at BIGINT NOT NULL,
  PRIMARY KEY (account, slot)
) WITH (fillfactor = 50);
