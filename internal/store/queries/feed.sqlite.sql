DROP TRIGGER IF EXISTS {insert};
CREATE TRIGGER {insert} AFTER INSERT ON {table} WHEN NOT EXISTS (SELECT 1 FROM own_write)
BEGIN
  SELECT RAISE(ABORT, 'primary_key is missing: every row of a data table needs one') WHERE NEW.primary_key IS NULL;
  INSERT INTO own_write (one) VALUES (1);
  INSERT INTO sequence (name, next) SELECT 'priv_sync_replica', COALESCE(MAX(id), 0) + 2 FROM priv_sync_replica WHERE true
    ON CONFLICT (name) DO UPDATE SET next = MAX(next + 1, excluded.next);
  INSERT INTO priv_sync_replica (id, sync_source_id, entry_key, content, status, status_last_seen, status_last_error,
      status_last_warning, dest_class, dest_id, status_dest_creator, entry_name, name_hash, restore, run)
    SELECT next - 1, {source}, NEW.primary_key, zeroblob(16), 'new', {now}, '', '', '', 0, 0, '', 0, '', 0
    FROM sequence WHERE name = 'priv_sync_replica';
  UPDATE {table} SET id = (SELECT next - 1 FROM sequence WHERE name = 'priv_sync_replica') WHERE id = NEW.id;
  DELETE FROM own_write;
END;
DROP TRIGGER IF EXISTS {update};
CREATE TRIGGER {update} AFTER UPDATE ON {table} WHEN NOT EXISTS (SELECT 1 FROM own_write)
BEGIN
  SELECT RAISE(ABORT, 'primary_key is missing: every row of a data table needs one') WHERE NEW.primary_key IS NULL;
  INSERT INTO own_write (one) VALUES (1);
  UPDATE {table} SET id = OLD.id WHERE id = NEW.id AND NEW.id <> OLD.id;
  UPDATE priv_sync_replica SET
      status_last_seen = {now},
      entry_key = NEW.primary_key,
      content = CASE WHEN {changed} THEN zeroblob(16) ELSE content END,
      taken = CASE WHEN ({changed}) AND taken IS NULL AND status <> 'new' THEN {old} ELSE taken END,
      status = CASE WHEN status = 'obsolete' OR status = 'synchronized' AND ({changed}) THEN 'modified' ELSE status END
    WHERE id = OLD.id AND sync_source_id = {source};
  DELETE FROM own_write;
END;
DROP TRIGGER IF EXISTS {delete};
CREATE TRIGGER {delete} AFTER DELETE ON {table} WHEN NOT EXISTS (SELECT 1 FROM own_write)
BEGIN
  DELETE FROM priv_sync_replica WHERE id = OLD.id AND sync_source_id = {source};
  DELETE FROM resume WHERE source_id = {source};
END;
CREATE INDEX IF NOT EXISTS {index} ON {table} (primary_key);
