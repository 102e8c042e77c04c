CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
  number BIGINT;
  stamp CONSTANT TEXT := {now};
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM priv_sync_replica WHERE id = OLD.id AND sync_source_id = {source};
    DELETE FROM resume WHERE source_id = {source};
    RETURN OLD;
  END IF;
  IF NEW.primary_key IS NULL THEN
    RAISE EXCEPTION 'primary_key is missing: every row of a data table needs one' USING ERRCODE = 'not_null_violation';
  END IF;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO sequence (name, next) SELECT 'priv_sync_replica', COALESCE(MAX(id), 0) + 2 FROM priv_sync_replica
      ON CONFLICT (name) DO UPDATE SET next = GREATEST(sequence.next + 1, excluded.next) RETURNING next - 1 INTO number;
    INSERT INTO priv_sync_replica (id, sync_source_id, entry_key, content, status, status_last_seen, status_last_error,
        status_last_warning, dest_class, dest_id, status_dest_creator, entry_name, name_hash, restore, run)
      VALUES (number, {source}, NEW.primary_key, {zeros}, 'new', stamp, '', '', '', 0, 0, '', 0, '', 0);
    NEW.id := number;
    RETURN NEW;
  END IF;
  NEW.id := OLD.id;
  UPDATE priv_sync_replica SET
      status_last_seen = stamp,
      entry_key = NEW.primary_key,
      content = CASE WHEN {changed} THEN {zeros} ELSE content END,
      taken = CASE WHEN ({changed}) AND taken IS NULL AND status <> 'new' THEN {old} ELSE taken END,
      status = CASE WHEN status = 'obsolete' OR status = 'synchronized' AND ({changed}) THEN 'modified' ELSE status END
    WHERE id = OLD.id AND sync_source_id = {source};
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS {insert} ON {table};
CREATE TRIGGER {insert} BEFORE INSERT ON {table} FOR EACH ROW
  WHEN (current_setting('rollcall.own_write', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION {function}();
DROP TRIGGER IF EXISTS {update} ON {table};
CREATE TRIGGER {update} BEFORE UPDATE ON {table} FOR EACH ROW
  WHEN (current_setting('rollcall.own_write', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION {function}();
DROP TRIGGER IF EXISTS {delete} ON {table};
CREATE TRIGGER {delete} AFTER DELETE ON {table} FOR EACH ROW
  WHEN (current_setting('rollcall.own_write', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION {function}();
CREATE INDEX IF NOT EXISTS {index} ON {table} (primary_key);
