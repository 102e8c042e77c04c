DROP TRIGGER IF EXISTS {update} ON {table};
CREATE TRIGGER {update} AFTER UPDATE OF {columns} ON {table} FOR EACH ROW WHEN (NEW.row_version = OLD.row_version)
  EXECUTE FUNCTION note_drift();
DROP TRIGGER IF EXISTS {delete} ON {table};
CREATE TRIGGER {delete} AFTER DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION note_drift();
