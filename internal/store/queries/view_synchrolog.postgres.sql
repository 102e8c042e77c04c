-- One row for each source of each run that was meant to change something, numbered as they came.
DROP VIEW IF EXISTS obj_synchrolog;
CREATE VIEW obj_synchrolog AS
SELECT ROW_NUMBER() OVER (ORDER BY r.id, p.key) AS id, 'SynchroLog' AS finalclass, 1::BIGINT AS row_version,
  COALESCE((p.value ->> 'source_id')::BIGINT, (SELECT MIN(s.id) FROM obj_synchrodatasource s WHERE s.name = (p.value ->> 'source'))) AS sync_source_id,
  substr(r.started, 1, 19) AS start_date, substr(r.ended, 1, 19) AS end_date,
  CASE r.state WHEN 'running' THEN 'running' WHEN 'error' THEN 'error' WHEN 'held' THEN 'error' WHEN 'dropped' THEN 'error' ELSE 'completed' END AS status,
  0::BIGINT AS status_curr_job, (-1)::BIGINT AS status_curr_pos,
  (p.value #>> '{counters,replica_seen}')::BIGINT AS stats_nb_replica_seen,
  (p.value #>> '{counters,replica_total}')::BIGINT AS stats_nb_replica_total,
  (p.value #>> '{counters,obj_deleted}')::BIGINT AS stats_nb_obj_deleted,
  (p.value #>> '{counters,obj_deleted_errors}')::BIGINT AS stats_nb_obj_deleted_errors,
  (p.value #>> '{counters,obj_obsoleted}')::BIGINT AS stats_nb_obj_obsoleted,
  (p.value #>> '{counters,obj_obsoleted_errors}')::BIGINT AS stats_nb_obj_obsoleted_errors,
  (p.value #>> '{counters,obj_created}')::BIGINT AS stats_nb_obj_created,
  (p.value #>> '{counters,obj_created_errors}')::BIGINT AS stats_nb_obj_created_errors,
  (p.value #>> '{counters,obj_created_warnings}')::BIGINT AS stats_nb_obj_created_warnings,
  (p.value #>> '{counters,obj_updated}')::BIGINT AS stats_nb_obj_updated,
  (p.value #>> '{counters,obj_updated_errors}')::BIGINT AS stats_nb_obj_updated_errors,
  (p.value #>> '{counters,obj_updated_warnings}')::BIGINT AS stats_nb_obj_updated_warnings,
  (p.value #>> '{counters,obj_unchanged_warnings}')::BIGINT AS stats_nb_obj_unchanged_warnings,
  (p.value #>> '{counters,replica_reconciled_errors}')::BIGINT AS stats_nb_replica_reconciled_errors,
  (p.value #>> '{counters,replica_disappeared_no_action}')::BIGINT AS stats_nb_replica_disappeared_no_action,
  (p.value #>> '{counters,obj_new_updated}')::BIGINT AS stats_nb_obj_new_updated,
  (p.value #>> '{counters,obj_new_updated_warnings}')::BIGINT AS stats_nb_obj_new_updated_warnings,
  (p.value #>> '{counters,obj_new_unchanged}')::BIGINT AS stats_nb_obj_new_unchanged,
  (p.value #>> '{counters,obj_new_unchanged_warnings}')::BIGINT AS stats_nb_obj_new_unchanged_warnings,
  r.error AS last_error, '' AS traces, 0::BIGINT AS memory_usage_peak
FROM run r CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN r.sources = 'null' THEN '[]'::jsonb ELSE r.sources::jsonb END) WITH ORDINALITY p(value, key)
WHERE r.kind NOT IN ('plan', 'undo');
