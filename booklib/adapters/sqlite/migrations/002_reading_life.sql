-- What a reader keeps of their reading: earlier readings, tags, a review, how many copies they own;
-- and what the file imported last said, and which import that was.

ALTER TABLE users ADD COLUMN last_import TEXT NOT NULL DEFAULT '';

ALTER TABLE user_books ADD COLUMN readings TEXT NOT NULL DEFAULT '[]';  -- JSON array of pairs
ALTER TABLE user_books ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';      -- JSON array
ALTER TABLE user_books ADD COLUMN imported TEXT NOT NULL DEFAULT '{}';  -- JSON object
ALTER TABLE user_books ADD COLUMN review TEXT NOT NULL DEFAULT '';
ALTER TABLE user_books ADD COLUMN copies INTEGER NOT NULL DEFAULT 0;
