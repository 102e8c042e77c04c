DROP VIEW IF EXISTS obj_cmdbchange;
CREATE VIEW obj_cmdbchange AS
SELECT h.id, 'CMDBChange' AS finalclass, 1 AS row_version, substr(h.made_at, 1, 19) AS date, h.made_by AS userinfo,
  (SELECT MIN(u.id) FROM obj_user u WHERE u.login = h.made_by) AS user_id, h.origin
FROM history h;
