-- What a search looks through: message and masked form, which has the classes of exceptions and the frames of a trace, on lines of their
-- own, in lower case by Unicode's rules. The masked forms of before are so for Latin letters only.
ALTER TABLE issue RENAME COLUMN message_key TO search_key;
UPDATE issue SET search_key = search_key || char(10) || lower(masked);
