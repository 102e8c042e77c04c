-- One row for each source of each run that was meant to change something, numbered as they came.
DROP VIEW IF EXISTS obj_synchrolog;
CREATE VIEW obj_synchrolog AS
SELECT ROW_NUMBER() OVER (ORDER BY r.id, p.key) AS id, 'SynchroLog' AS finalclass, 1 AS row_version,
  COALESCE(json_extract(p.value, '$.source_id'), (SELECT MIN(s.id) FROM obj_synchrodatasource s WHERE s.name = json_extract(p.value, '$.source'))) AS sync_source_id,
  substr(r.started, 1, 19) AS start_date, substr(r.ended, 1, 19) AS end_date,
  CASE r.state WHEN 'running' THEN 'running' WHEN 'error' THEN 'error' WHEN 'held' THEN 'error' WHEN 'dropped' THEN 'error' ELSE 'completed' END AS status,
  0 AS status_curr_job, -1 AS status_curr_pos,
  json_extract(p.value, '$.counters.replica_seen') AS stats_nb_replica_seen,
  json_extract(p.value, '$.counters.replica_total') AS stats_nb_replica_total,
  json_extract(p.value, '$.counters.obj_deleted') AS stats_nb_obj_deleted,
  json_extract(p.value, '$.counters.obj_deleted_errors') AS stats_nb_obj_deleted_errors,
  json_extract(p.value, '$.counters.obj_obsoleted') AS stats_nb_obj_obsoleted,
  json_extract(p.value, '$.counters.obj_obsoleted_errors') AS stats_nb_obj_obsoleted_errors,
  json_extract(p.value, '$.counters.obj_created') AS stats_nb_obj_created,
  json_extract(p.value, '$.counters.obj_created_errors') AS stats_nb_obj_created_errors,
  json_extract(p.value, '$.counters.obj_created_warnings') AS stats_nb_obj_created_warnings,
  json_extract(p.value, '$.counters.obj_updated') AS stats_nb_obj_updated,
  json_extract(p.value, '$.counters.obj_updated_errors') AS stats_nb_obj_updated_errors,
  json_extract(p.value, '$.counters.obj_updated_warnings') AS stats_nb_obj_updated_warnings,
  json_extract(p.value, '$.counters.obj_unchanged_warnings') AS stats_nb_obj_unchanged_warnings,
  json_extract(p.value, '$.counters.replica_reconciled_errors') AS stats_nb_replica_reconciled_errors,
  json_extract(p.value, '$.counters.replica_disappeared_no_action') AS stats_nb_replica_disappeared_no_action,
  json_extract(p.value, '$.counters.obj_new_updated') AS stats_nb_obj_new_updated,
  json_extract(p.value, '$.counters.obj_new_updated_warnings') AS stats_nb_obj_new_updated_warnings,
  json_extract(p.value, '$.counters.obj_new_unchanged') AS stats_nb_obj_new_unchanged,
  json_extract(p.value, '$.counters.obj_new_unchanged_warnings') AS stats_nb_obj_new_unchanged_warnings,
  r.error AS last_error, '' AS traces, 0 AS memory_usage_peak
FROM run r, json_each(r.sources) p
WHERE r.kind NOT IN ('plan', 'undo');
