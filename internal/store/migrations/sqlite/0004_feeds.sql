-- Data tables that others write by SQL. A replica keeps the row that was last
-- taken over once its data row says something else.
ALTER TABLE priv_sync_replica ADD COLUMN taken TEXT;
-- Which triggers a data table has.
ALTER TABLE data_table ADD COLUMN watched TEXT NOT NULL DEFAULT '';
-- Holds a row while we write data tables ourselves: their triggers are silent then.
CREATE TABLE own_write (one INTEGER NOT NULL);
