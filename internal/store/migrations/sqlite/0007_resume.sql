-- Where the next delta load of a source begins.
CREATE TABLE resume (
  source_id  INTEGER PRIMARY KEY,
  last_full  TEXT NOT NULL,
  run        INTEGER NOT NULL,
  replicas   INTEGER NOT NULL,
  checkpoint BLOB NOT NULL
);

-- The replicas that every load decides about, whether or not their entries changed.
CREATE INDEX priv_sync_replica_restless ON priv_sync_replica (sync_source_id, id)
  WHERE status <> 'synchronized' OR status_last_seen IS NOT NULL;
