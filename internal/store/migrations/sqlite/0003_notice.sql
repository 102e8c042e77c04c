-- Messages to people, kept until they are sent.
CREATE TABLE notice (
  id       INTEGER PRIMARY KEY,
  created  TEXT NOT NULL,
  sent_to  TEXT NOT NULL,
  subject  TEXT NOT NULL,
  body     TEXT NOT NULL,
  html     TEXT NOT NULL,
  state    TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  next_try TEXT NOT NULL,
  error    TEXT NOT NULL
);
CREATE INDEX notice_due ON notice (next_try) WHERE state = 'waiting';
