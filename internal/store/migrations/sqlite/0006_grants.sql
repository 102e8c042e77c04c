-- Directory groups that bindings tie to something, and what their members were
-- given. A row holds from the run that began it to the one that ended it, 0
-- while it still does: that is how a run is taken back.
CREATE TABLE bound_group (
  id           INTEGER PRIMARY KEY,
  source_id    INTEGER NOT NULL,
  binding      TEXT NOT NULL,
  kind         TEXT NOT NULL,
  gift         TEXT NOT NULL,
  group_key    TEXT NOT NULL,
  group_dn     TEXT NOT NULL,
  group_name   TEXT NOT NULL,
  target_class TEXT NOT NULL,
  target_id    INTEGER NOT NULL,
  made         INTEGER NOT NULL,
  began        INTEGER NOT NULL,
  ended        INTEGER NOT NULL
);
CREATE INDEX bound_group_source ON bound_group (source_id) WHERE ended = 0;
CREATE TABLE granted (
  id        INTEGER PRIMARY KEY,
  source_id INTEGER NOT NULL,
  binding   TEXT NOT NULL,
  kind      TEXT NOT NULL,
  type      TEXT NOT NULL,
  holder_id INTEGER NOT NULL,
  target_id INTEGER NOT NULL,
  link_id   INTEGER NOT NULL,
  made      INTEGER NOT NULL,
  via       TEXT NOT NULL,
  began     INTEGER NOT NULL,
  ended     INTEGER NOT NULL
);
CREATE INDEX granted_source ON granted (source_id, holder_id) WHERE ended = 0;
CREATE INDEX granted_link ON granted (link_id) WHERE ended = 0;
CREATE INDEX granted_holder ON granted (holder_id);
CREATE INDEX granted_began ON granted (began);
CREATE INDEX granted_ended ON granted (ended) WHERE ended <> 0;
