-- What goes wrong in the logs. Moments named *_ns are the engine's own stamps of log lines, nanoseconds since 1970 UTC.

-- How far a container's log has been read. Written in the same transaction as the counts it covers.
CREATE TABLE log_cursor (
    container_id  INTEGER PRIMARY KEY NOT NULL REFERENCES container (container_id) ON DELETE CASCADE,
    -- Nothing older is ever read.
    from_ns       INTEGER NOT NULL,
    -- Of each stream the stamp of the last line counted, how many lines with exactly that stamp were, and the highest stamp
    -- counted: above the last one only after the engine's clock was set back.
    stdout_ns     INTEGER,
    stdout_seen   INTEGER NOT NULL,
    stdout_top_ns INTEGER,
    stderr_ns     INTEGER,
    stderr_seen   INTEGER NOT NULL,
    stderr_top_ns INTEGER,
    line_count    INTEGER NOT NULL,
    read_until_ms INTEGER,
    looked_at_ms  INTEGER NOT NULL,
    state         TEXT    NOT NULL,
    fault_json    TEXT
) STRICT;

-- All error or warning events of one app with one fingerprint. One without places was pruned: what is left of it says that it is
-- not new when it comes again.
CREATE TABLE issue (
    issue_id             INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    app_id               INTEGER NOT NULL REFERENCES app (app_id) ON DELETE CASCADE,
    -- 1 warning, 2 error: the worst of its events.
    severity             INTEGER NOT NULL,
    message              TEXT    NOT NULL,
    -- The message in lower case by Unicode's rules, which SQLite does not know.
    message_key          TEXT    NOT NULL,
    masked               TEXT    NOT NULL,
    first_seen_ms        INTEGER NOT NULL,
    last_seen_ms         INTEGER NOT NULL,
    event_count          INTEGER NOT NULL,
    host_count           INTEGER NOT NULL,
    container_count      INTEGER NOT NULL,
    -- open, resolved or ignored.
    state                TEXT    NOT NULL,
    state_at_ms          INTEGER,
    ignored_until_ms     INTEGER,
    ignored_until_change INTEGER NOT NULL DEFAULT 0,
    -- Where and when it came back after it was resolved.
    regressed_json       TEXT,
    pruned_at_ms         INTEGER
) STRICT;

CREATE INDEX issue_app ON issue (app_id, pruned_at_ms);
CREATE INDEX issue_last_seen ON issue (last_seen_ms);

-- The fingerprints of an issue, one per version of the algorithm that has met it: a new version never splits an old issue.
CREATE TABLE issue_fingerprint (
    app_id      INTEGER NOT NULL REFERENCES app (app_id) ON DELETE CASCADE,
    version     INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    issue_id    INTEGER NOT NULL REFERENCES issue (issue_id) ON DELETE CASCADE,
    PRIMARY KEY (app_id, version, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE INDEX issue_fingerprint_issue ON issue_fingerprint (issue_id, version);

-- Where an issue was seen: by the container's name, which outlives the container.
CREATE TABLE issue_place (
    issue_id       INTEGER NOT NULL REFERENCES issue (issue_id) ON DELETE CASCADE,
    host_id        INTEGER NOT NULL REFERENCES host (host_id),
    container_name TEXT    NOT NULL,
    image          TEXT    NOT NULL,
    event_count    INTEGER NOT NULL,
    first_seen_ms  INTEGER NOT NULL,
    last_seen_ms   INTEGER NOT NULL,
    PRIMARY KEY (issue_id, host_id, container_name)
) STRICT, WITHOUT ROWID;

CREATE INDEX issue_place_host ON issue_place (host_id, issue_id);

-- Events of an issue on a host by hour since 1970 (UTC).
CREATE TABLE issue_hour (
    issue_id    INTEGER NOT NULL REFERENCES issue (issue_id) ON DELETE CASCADE,
    hour        INTEGER NOT NULL,
    host_id     INTEGER NOT NULL REFERENCES host (host_id),
    event_count INTEGER NOT NULL,
    PRIMARY KEY (issue_id, hour, host_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX issue_hour_host ON issue_hour (host_id);
CREATE INDEX issue_hour_hour ON issue_hour (hour);

-- The newest events of an issue with their lines, secrets taken out.
CREATE TABLE issue_sample (
    sample_id      INTEGER PRIMARY KEY NOT NULL,
    issue_id       INTEGER NOT NULL REFERENCES issue (issue_id) ON DELETE CASCADE,
    host_id        INTEGER NOT NULL REFERENCES host (host_id),
    container_name TEXT    NOT NULL,
    at_ms          INTEGER NOT NULL,
    -- 1 standard output, 2 standard error.
    stream         INTEGER NOT NULL,
    lines_json     TEXT    NOT NULL,
    line_count     INTEGER NOT NULL
) STRICT;

CREATE INDEX issue_sample_issue ON issue_sample (issue_id, at_ms);
CREATE INDEX issue_sample_host ON issue_sample (host_id);

-- Error and warning events of a deployment by the 15-minute window in which they were printed; windows without any have no
-- row. A report takes them from here: at once when its window closes, later when they come later.
CREATE TABLE log_count (
    deployment_id INTEGER NOT NULL REFERENCES deployment (deployment_id) ON DELETE CASCADE,
    window_ms     INTEGER NOT NULL,
    errors        INTEGER NOT NULL,
    warnings      INTEGER NOT NULL,
    -- The issues behind the counts, [issue, events, newest_ms], most events first, at most 50.
    issues_json   TEXT    NOT NULL,
    -- 1 until a report carries the counts.
    unreported    INTEGER NOT NULL,
    PRIMARY KEY (deployment_id, window_ms)
) STRICT, WITHOUT ROWID;

CREATE INDEX log_count_window ON log_count (window_ms);
CREATE INDEX log_count_unreported ON log_count (window_ms) WHERE unreported = 1;
