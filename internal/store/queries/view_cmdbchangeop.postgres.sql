DROP VIEW IF EXISTS obj_cmdbchangeop;
CREATE VIEW obj_cmdbchangeop AS
SELECT h.id, 'CMDBChangeOp' AS finalclass, 1::BIGINT AS row_version, h.id AS change, h.class AS objclass, h.object_id AS objkey, h.verb AS optype
FROM history h;
