DROP TRIGGER IF EXISTS {update};
CREATE TRIGGER {update} AFTER UPDATE OF {columns} ON {table} WHEN NEW.row_version = OLD.row_version
BEGIN
  INSERT INTO drift (class_table, object_id) VALUES ({name}, OLD.id);
END;
DROP TRIGGER IF EXISTS {delete};
CREATE TRIGGER {delete} AFTER DELETE ON {table}
BEGIN
  INSERT INTO drift (class_table, object_id) VALUES ({name}, OLD.id);
END;
