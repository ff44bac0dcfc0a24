-- Times are UTC epoch milliseconds, days are whole days since 1970-01-01 UTC, *_json is JSON, blobs are made and read by
-- crates/roadstead-store/src/codec alone.

-- A Docker engine we poll. Ids are never used again, so that history cannot land on another host.
CREATE TABLE host (
    host_id              INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name                 TEXT    NOT NULL,
    -- The name in lower case by Unicode's rules, which SQLite does not know.
    name_key             TEXT    NOT NULL,
    customer             TEXT    NOT NULL,
    -- Address and paths of certificate files. Never a secret.
    endpoint_json        TEXT    NOT NULL,
    accept_plain_text    INTEGER NOT NULL,
    interval_override_ms INTEGER,
    paused               INTEGER NOT NULL DEFAULT 0,
    created_at_ms        INTEGER NOT NULL,
    removed_at_ms        INTEGER,
    facts_json           TEXT,
    facts_at_ms          INTEGER,
    -- Newest tick that was sealed: newer ones are in fresh_tick.
    sealed_tick_ms       INTEGER,
    -- Newest window whose reports were saved.
    closed_window_ms     INTEGER
) STRICT;

CREATE UNIQUE INDEX host_name ON host (name_key) WHERE removed_at_ms IS NULL;

CREATE TABLE app (
    app_id        INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name          TEXT    NOT NULL UNIQUE,
    display_name  TEXT,
    first_seen_ms INTEGER NOT NULL
) STRICT;

-- One app on one host.
CREATE TABLE deployment (
    deployment_id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    app_id        INTEGER NOT NULL REFERENCES app (app_id),
    host_id       INTEGER NOT NULL REFERENCES host (host_id),
    first_seen_ms INTEGER NOT NULL,
    UNIQUE (app_id, host_id)
) STRICT;

CREATE INDEX deployment_host ON deployment (host_id);

CREATE TABLE container (
    container_id  INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    host_id       INTEGER NOT NULL REFERENCES host (host_id),
    deployment_id INTEGER NOT NULL REFERENCES deployment (deployment_id),
    engine_id     TEXT    NOT NULL,
    facts_json    TEXT    NOT NULL,
    first_seen_ms INTEGER NOT NULL,
    gone_at_ms    INTEGER,
    UNIQUE (host_id, engine_id)
) STRICT;

CREATE INDEX container_deployment ON container (deployment_id);
CREATE INDEX container_gone ON container (gone_at_ms) WHERE gone_at_ms IS NOT NULL;

-- What the user typed of an app; host_id 0 means every host.
CREATE TABLE app_sizes (
    app_id         INTEGER NOT NULL REFERENCES app (app_id),
    host_id        INTEGER NOT NULL,
    display_name   TEXT,
    estimate_bytes INTEGER,
    limit_bytes    INTEGER,
    PRIMARY KEY (app_id, host_id)
) STRICT;

-- What changed. No reference to containers: a change outlives what changed.
CREATE TABLE change (
    change_id    INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    at_ms        INTEGER NOT NULL,
    host_id      INTEGER NOT NULL REFERENCES host (host_id),
    app_id       INTEGER,
    container_id INTEGER,
    kind         TEXT    NOT NULL,
    detail_json  TEXT    NOT NULL
) STRICT;

CREATE INDEX change_at ON change (at_ms);
CREATE INDEX change_app ON change (app_id, at_ms) WHERE app_id IS NOT NULL;
CREATE INDEX change_host ON change (host_id, at_ms);

CREATE TABLE setting (
    key        TEXT PRIMARY KEY NOT NULL,
    value_json TEXT NOT NULL
) STRICT;

-- How far sealing has come, by name (see src/progress.rs).
CREATE TABLE progress (
    name  TEXT PRIMARY KEY NOT NULL,
    value INTEGER NOT NULL
) STRICT;

-- One collection round of a host with its samples, until its span is sealed. Moment before host: a round of all hosts is
-- written side by side, and not to one page per host.
CREATE TABLE fresh_tick (
    tick_ms      INTEGER NOT NULL,
    host_id      INTEGER NOT NULL REFERENCES host (host_id),
    interval_ms  INTEGER NOT NULL,
    sample_count INTEGER NOT NULL,
    samples      BLOB    NOT NULL,
    PRIMARY KEY (tick_ms, host_id)
) STRICT, WITHOUT ROWID;

-- One container's samples of a sealed span [start_ms, start_ms + span_ms) as columns.
CREATE TABLE sample_chunk (
    chunk_id      INTEGER PRIMARY KEY NOT NULL,
    host_id       INTEGER NOT NULL REFERENCES host (host_id),
    deployment_id INTEGER NOT NULL REFERENCES deployment (deployment_id),
    container_id  INTEGER NOT NULL,
    start_ms      INTEGER NOT NULL,
    span_ms       INTEGER NOT NULL,
    sample_count  INTEGER NOT NULL,
    body          BLOB    NOT NULL,
    UNIQUE (deployment_id, start_ms, container_id)
) STRICT;

CREATE INDEX sample_chunk_host ON sample_chunk (host_id, start_ms);
CREATE INDEX sample_chunk_start ON sample_chunk (start_ms);

-- A host's reports of one window, until they are merged into their shift.
CREATE TABLE fresh_report (
    window_ms    INTEGER NOT NULL,
    host_id      INTEGER NOT NULL REFERENCES host (host_id),
    report_count INTEGER NOT NULL,
    reports      BLOB    NOT NULL,
    PRIMARY KEY (window_ms, host_id)
) STRICT, WITHOUT ROWID;

-- All reports of an app's deployments of one shift (six hours, counted since 1970) as columns. `hot` comes first: a reader of
-- it never touches `cold`.
CREATE TABLE report_shift (
    app_id       INTEGER NOT NULL REFERENCES app (app_id),
    shift        INTEGER NOT NULL,
    report_count INTEGER NOT NULL,
    hot          BLOB    NOT NULL,
    cold         BLOB    NOT NULL,
    PRIMARY KEY (app_id, shift)
) STRICT;

CREATE INDEX report_shift_shift ON report_shift (shift);

-- What an app's reports of a span say together: `shifts` is its length, `shift` its first one.
CREATE TABLE report_sum (
    app_id       INTEGER NOT NULL REFERENCES app (app_id),
    shifts       INTEGER NOT NULL,
    shift        INTEGER NOT NULL,
    report_count INTEGER NOT NULL,
    body         BLOB    NOT NULL,
    PRIMARY KEY (app_id, shifts, shift)
) STRICT;

CREATE INDEX report_sum_shift ON report_sum (shift);

-- The newest report of each deployment.
CREATE TABLE latest_report (
    deployment_id INTEGER PRIMARY KEY NOT NULL REFERENCES deployment (deployment_id),
    window_ms     INTEGER NOT NULL,
    report        BLOB    NOT NULL
) STRICT;
