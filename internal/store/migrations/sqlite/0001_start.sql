CREATE TABLE schema_migration (
  number     INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,
  applied_at TEXT NOT NULL
);

-- The next free number of each kind of thing that gets its number from us.
CREATE TABLE sequence (
  name TEXT NOT NULL PRIMARY KEY,
  next INTEGER NOT NULL
) WITHOUT ROWID;

-- Combinations of attributes that objects are searched by; each has a column
-- of hashes in its class table.
CREATE TABLE lookup (
  id         INTEGER PRIMARY KEY,
  root       TEXT NOT NULL,
  attributes TEXT NOT NULL,
  folded_by  TEXT NOT NULL,
  UNIQUE (root, attributes)
);

CREATE TABLE run (
  id      INTEGER PRIMARY KEY,
  kind    TEXT NOT NULL,
  started TEXT NOT NULL,
  ended   TEXT,
  state   TEXT NOT NULL,
  made_by TEXT NOT NULL,
  sources TEXT NOT NULL,
  error   TEXT NOT NULL,
  digest  TEXT NOT NULL,
  undoes  INTEGER NOT NULL
);
CREATE INDEX run_state ON run (state);

CREATE TABLE run_problem (
  id        INTEGER PRIMARY KEY,
  run       INTEGER NOT NULL REFERENCES run (id),
  source    TEXT NOT NULL,
  entry_key TEXT NOT NULL,
  entry     TEXT NOT NULL,
  attribute TEXT NOT NULL,
  value     TEXT NOT NULL,
  rule      TEXT NOT NULL,
  reason    TEXT NOT NULL,
  warning   INTEGER NOT NULL
);
CREATE INDEX run_problem_run ON run_problem (run);

-- A held run's plan, cut into parts.
CREATE TABLE run_plan (
  run  INTEGER NOT NULL REFERENCES run (id),
  part INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (run, part)
) WITHOUT ROWID;

CREATE TABLE history (
  id         INTEGER PRIMARY KEY,
  object_id  INTEGER NOT NULL,
  class      TEXT NOT NULL,
  verb       TEXT NOT NULL,
  name       TEXT NOT NULL,
  entry_key  TEXT NOT NULL,
  reason     TEXT NOT NULL,
  sets       TEXT,
  origin     TEXT NOT NULL,
  made_by    TEXT NOT NULL,
  source_id  INTEGER NOT NULL,
  run        INTEGER NOT NULL,
  made_at    TEXT
);
CREATE INDEX history_object ON history (object_id);
CREATE INDEX history_run ON history (run) WHERE run <> 0;

-- The columns that a full compare reads stand first: SQLite stops unpacking a
-- row at the last column asked for.
CREATE TABLE priv_sync_replica (
  id                  INTEGER PRIMARY KEY,
  sync_source_id      INTEGER NOT NULL,
  entry_key           TEXT NOT NULL,
  content             BLOB NOT NULL,
  status              TEXT NOT NULL,
  status_last_seen    TEXT,
  status_last_error   TEXT NOT NULL,
  status_last_warning TEXT NOT NULL,
  dest_class          TEXT NOT NULL,
  dest_id             INTEGER NOT NULL,
  status_dest_creator INTEGER NOT NULL,
  info_creation_date  TEXT,
  info_last_modified  TEXT,
  entry_name          TEXT NOT NULL,
  name_hash           INTEGER NOT NULL,
  restore             TEXT NOT NULL,
  run                 INTEGER NOT NULL,
  UNIQUE (sync_source_id, entry_key)
);
CREATE INDEX priv_sync_replica_dest ON priv_sync_replica (dest_id);
CREATE INDEX priv_sync_replica_name ON priv_sync_replica (name_hash);
CREATE INDEX priv_sync_replica_trouble ON priv_sync_replica (sync_source_id, id)
  WHERE status_last_error <> '' OR status_last_warning <> '';

-- Replicas as they were before a run touched them.
CREATE TABLE priv_sync_replica_history (
  id     INTEGER PRIMARY KEY,
  run    INTEGER NOT NULL,
  before TEXT NOT NULL
);
CREATE INDEX priv_sync_replica_history_run ON priv_sync_replica_history (run);

CREATE TABLE standing (
  source_id     INTEGER PRIMARY KEY,
  last_complete TEXT,
  last_run      INTEGER NOT NULL,
  scope         TEXT NOT NULL,
  fingerprint   BLOB NOT NULL
);

-- The data table of each source, remembered so that rows go with their replicas.
CREATE TABLE data_table (
  source_id  INTEGER PRIMARY KEY,
  table_name TEXT NOT NULL UNIQUE
);
