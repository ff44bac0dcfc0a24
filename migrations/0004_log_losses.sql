-- Lines of logs that were lost before they could be read: what is counted of these times is a lower bound.

-- One row per stretch, which lie apart from each other; [from_ms, until_ms).
CREATE TABLE log_loss (
    deployment_id INTEGER NOT NULL REFERENCES deployment (deployment_id) ON DELETE CASCADE,
    -- rotated: the engine had thrown lines away; removed: a container went with its last lines; look_back: what is older than the
    -- look-back is not read.
    cause         TEXT    NOT NULL,
    from_ms       INTEGER NOT NULL,
    until_ms      INTEGER NOT NULL,
    PRIMARY KEY (deployment_id, cause, from_ms)
) STRICT, WITHOUT ROWID;

CREATE INDEX log_loss_until ON log_loss (until_ms);

-- The newest stretch of the container's own log that was rotated away unread.
ALTER TABLE log_cursor ADD COLUMN lost_from_ms INTEGER;
ALTER TABLE log_cursor ADD COLUMN lost_until_ms INTEGER;
-- 1 when the container has ended and its log was read to its end: nothing is lost when it is removed.
ALTER TABLE log_cursor ADD COLUMN drained INTEGER NOT NULL DEFAULT 0;
