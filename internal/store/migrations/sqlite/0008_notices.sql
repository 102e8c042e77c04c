-- What leaves the application, by mail or to a webhook, is kept until it is sent.
ALTER TABLE notice RENAME TO dispatch;
ALTER TABLE dispatch ADD COLUMN channel TEXT NOT NULL DEFAULT 'mail';
DROP INDEX notice_due;
CREATE INDEX dispatch_due ON dispatch (channel, next_try) WHERE state = 'waiting';

-- What people find in the application, whom it is for and who has read it.
CREATE TABLE notice (
  id      INTEGER PRIMARY KEY,
  kind    TEXT NOT NULL,
  source  TEXT NOT NULL,
  run     INTEGER NOT NULL,
  subject TEXT NOT NULL,
  body    TEXT NOT NULL,
  matter  TEXT NOT NULL,
  created TEXT NOT NULL,
  told    TEXT NOT NULL,
  times   INTEGER NOT NULL,
  ended   TEXT
);
CREATE INDEX notice_open ON notice (source) WHERE ended IS NULL;
CREATE INDEX notice_created ON notice (created);
CREATE TABLE notice_for (
  notice_id INTEGER NOT NULL,
  account   TEXT NOT NULL,
  profile   TEXT NOT NULL
);
CREATE INDEX notice_for_account ON notice_for (account, notice_id);
CREATE INDEX notice_for_profile ON notice_for (profile, notice_id);
CREATE INDEX notice_for_notice ON notice_for (notice_id);
CREATE TABLE notice_read (
  notice_id INTEGER NOT NULL,
  account   TEXT NOT NULL,
  at        TEXT NOT NULL,
  PRIMARY KEY (notice_id, account)
);

-- Entries that runs could not take over, to be tried again.
CREATE TABLE failed_entry (
  replica_id INTEGER NOT NULL PRIMARY KEY,
  source_id  INTEGER NOT NULL,
  since      TEXT NOT NULL,
  tries      INTEGER NOT NULL,
  next_try   TEXT NOT NULL,
  parked     INTEGER NOT NULL
);
CREATE INDEX failed_entry_source ON failed_entry (source_id, next_try);

-- How many entries imports found gone, which a removal is to see to.
ALTER TABLE standing ADD COLUMN left_gone INTEGER NOT NULL DEFAULT 0;
