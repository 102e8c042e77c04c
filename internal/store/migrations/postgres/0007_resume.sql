-- Where the next delta load of a source begins.
CREATE TABLE resume (
  source_id  BIGINT PRIMARY KEY,
  last_full  TEXT NOT NULL,
  run        BIGINT NOT NULL,
  replicas   BIGINT NOT NULL,
  checkpoint BYTEA NOT NULL
);

-- The replicas that every load decides about, whether or not their entries changed.
CREATE INDEX priv_sync_replica_restless ON priv_sync_replica (sync_source_id, id)
  WHERE status <> 'synchronized' OR status_last_seen IS NOT NULL;
