-- The deploy ledger: what each deployment ran, since when, and how every change of it ended.

CREATE TABLE deploy (
    deploy_id     INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    deployment_id INTEGER NOT NULL REFERENCES deployment (deployment_id) ON DELETE CASCADE,
    -- The deployment's app and host, which never change: a page of an app is one walk over one index.
    app_id        INTEGER NOT NULL,
    host_id       INTEGER NOT NULL,
    -- found, observed, update or rollback.
    kind          TEXT    NOT NULL,
    -- running, success, failed or interrupted.
    state         TEXT    NOT NULL,
    started_ms    INTEGER NOT NULL,
    ended_ms      INTEGER,
    services_json TEXT    NOT NULL,
    changes_json  TEXT    NOT NULL,
    fault_json    TEXT,
    -- No reference: what was put back may be pruned.
    rollback_of   INTEGER,
    -- What it takes to repair it after a crash; NULL when there is nothing to repair.
    journal_json  TEXT
) STRICT;

-- One at a time per deployment.
CREATE UNIQUE INDEX deploy_unfinished ON deploy (deployment_id) WHERE state = 'running' OR journal_json IS NOT NULL;
CREATE INDEX deploy_app ON deploy (app_id, started_ms, deploy_id, host_id, state);
CREATE INDEX deploy_deployment ON deploy (deployment_id, started_ms, deploy_id);
-- The newest one is what runs now.
CREATE INDEX deploy_good ON deploy (deployment_id, ended_ms, deploy_id) WHERE state = 'success';

-- Deploys may be asked for on this host.
ALTER TABLE host ADD COLUMN writing INTEGER NOT NULL DEFAULT 0;

-- New and returned issues of a span, for marks on charts.
CREATE INDEX issue_first_seen ON issue (app_id, first_seen_ms);
CREATE INDEX issue_returned ON issue (app_id, pruned_at_ms) WHERE regressed_json IS NOT NULL;
CREATE INDEX issue_place_first_seen ON issue_place (host_id, first_seen_ms);
