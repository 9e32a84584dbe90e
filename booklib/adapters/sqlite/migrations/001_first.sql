-- The first layout: accounts, Books, copies with their sort keys, jobs, counters of tries.

CREATE TABLE users (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,  -- short, inside; never given out twice
    user_id       TEXT NOT NULL UNIQUE,
    name_key      TEXT NOT NULL UNIQUE,
    mail_key      TEXT NOT NULL UNIQUE,
    username      TEXT NOT NULL,
    email         TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at    TEXT NOT NULL,
    session_epoch INTEGER NOT NULL,
    ended_sessions TEXT NOT NULL,                     -- JSON array
    time_zone     TEXT NOT NULL,
    view          TEXT NOT NULL,
    shortcuts     INTEGER NOT NULL,
    closing_at    TEXT,
    rev           INTEGER NOT NULL,
    counts        TEXT NOT NULL,                      -- JSON object
    shelf_version INTEGER NOT NULL
) STRICT;

CREATE TABLE books (
    book_id TEXT NOT NULL PRIMARY KEY,
    isbn    TEXT,
    version INTEGER NOT NULL,
    fields  TEXT NOT NULL,                            -- JSON object
    sources TEXT NOT NULL                             -- JSON object
) STRICT;

-- `number` grows with added_at, so that a search walks its hits in the order added (index.py).
-- `shelf` is the status, 'deleted' or 'moved'; only books on a shelf have the three text keys.
CREATE TABLE user_books (
    number       INTEGER PRIMARY KEY,
    owner        INTEGER NOT NULL REFERENCES users (number),
    user_book_id TEXT NOT NULL UNIQUE,
    shelf        TEXT NOT NULL,
    rating       INTEGER NOT NULL,
    finished_on  TEXT NOT NULL,                       -- empty for none, so that it sorts
    added_key    TEXT,
    title_key    TEXT,
    author_key   TEXT,
    status_key   TEXT NOT NULL,
    card         TEXT NOT NULL,
    words        TEXT NOT NULL,                       -- what `search` holds of this book
    status       TEXT NOT NULL,
    book_id      TEXT,
    isbn         TEXT,
    edition      TEXT,
    added_at     TEXT NOT NULL,
    started_on   TEXT,
    lookup       TEXT NOT NULL,
    book_version INTEGER NOT NULL,
    deleted_at   TEXT,
    moved_to     TEXT,
    rev          INTEGER NOT NULL,
    edit         INTEGER NOT NULL,
    mine         TEXT NOT NULL,                       -- JSON object
    given        TEXT NOT NULL,                       -- JSON object
    notes        TEXT NOT NULL
) STRICT;

-- A list without a filter merges one walk for each shelf and rating, so four indexes serve every
-- order with every filter; the default order has its own.
CREATE INDEX by_added ON user_books (owner, added_key);
CREATE INDEX by_rating_added ON user_books (owner, shelf, rating, added_key);
CREATE INDEX by_rating_title ON user_books (owner, shelf, rating, title_key);
CREATE INDEX by_rating_author ON user_books (owner, shelf, rating, author_key);
CREATE INDEX by_rating_finished ON user_books (owner, shelf, rating, finished_on, added_key);
CREATE INDEX by_deletion ON user_books (owner, status_key) WHERE shelf = 'deleted';
CREATE INDEX to_sweep ON user_books (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX by_book ON user_books (book_id, user_book_id) WHERE book_id IS NOT NULL;

-- Every word begins with its owner's number, so one person's search reads nobody else's postings.
CREATE VIRTUAL TABLE search USING fts5 (
    words, content = 'user_books', content_rowid = 'number',
    tokenize = 'ascii', detail = 'none', prefix = '5 6 7 8 9 10 11'
);

CREATE TABLE jobs (
    job_id      TEXT NOT NULL PRIMARY KEY,
    kind        TEXT NOT NULL,
    payload     TEXT NOT NULL,                        -- JSON object
    state       TEXT NOT NULL,
    attempts    INTEGER NOT NULL,
    due_at      TEXT,
    lease_until TEXT,
    next_at     TEXT,                                 -- when a claim may take it; NULL once ended
    message     TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    ended_at    TEXT,
    rev         INTEGER NOT NULL
) STRICT;

CREATE INDEX jobs_next ON jobs (next_at, job_id) WHERE next_at IS NOT NULL;
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE hits (
    key   TEXT NOT NULL PRIMARY KEY,
    until TEXT NOT NULL,
    tries INTEGER NOT NULL
) STRICT;

CREATE INDEX hits_until ON hits (until);
