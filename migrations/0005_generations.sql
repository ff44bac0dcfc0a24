-- Which container of its name an issue was last seen in, and which image behind the name it ran: unknown for what was seen before this.

ALTER TABLE issue_place ADD COLUMN engine_id TEXT;
ALTER TABLE issue_place ADD COLUMN image_id TEXT;
ALTER TABLE issue_place ADD COLUMN container_created_ms INTEGER;
