-- Error and warning events by container, [container, errors, warnings], most events first, at most 500. The issues of a window are at
-- most 500 as well from here on, [issue, events, newest_ms, [container, ...]]; older ones do not say where.
ALTER TABLE log_count ADD COLUMN containers_json TEXT NOT NULL DEFAULT '[]';
