-- Where the next delta load of a source begins.
CREATE TABLE resume (
  source_id  BIGINT PRIMARY KEY,
  last_full  TEXT NOT NULL,
  run        BIGINT NOT NULL,
  replicas   BIGINT NOT NULL,
  checkpoint BYTEA NOT NULL
);
