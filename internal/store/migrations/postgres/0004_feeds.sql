-- Data tables that others write by SQL. A replica keeps the row that was last
-- taken over once its data row says something else.
ALTER TABLE priv_sync_replica ADD COLUMN taken TEXT;
-- Which triggers a data table has.
ALTER TABLE data_table ADD COLUMN watched TEXT NOT NULL DEFAULT '';
-- Nothing is kept here: on PostgreSQL a setting of the transaction makes the
-- triggers of data tables silent.
CREATE TABLE own_write (one BIGINT NOT NULL);
