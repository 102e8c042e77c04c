DROP VIEW IF EXISTS obj_synchroreplica;
CREATE VIEW obj_synchroreplica AS
SELECT r.id, 'SynchroReplica' AS finalclass, 1 AS row_version, r.sync_source_id, COALESCE(s.scope_class, '') AS base_class,
  NULLIF(r.dest_id, 0) AS dest_id, r.dest_class, substr(r.status_last_seen, 1, 19) AS status_last_seen, r.status,
  r.status_dest_creator, r.status_last_error, r.status_last_warning,
  substr(r.info_creation_date, 1, 19) AS info_creation_date, substr(r.info_last_modified, 1, 19) AS info_last_modified
FROM priv_sync_replica r LEFT JOIN obj_synchrodatasource s ON s.id = r.sync_source_id;
