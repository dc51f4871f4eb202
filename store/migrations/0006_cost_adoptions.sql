-- What a position cost at the venue after a fill, where that differs from what fills in the order they were taken make:
-- they were heard in another order than the venue's. Named by the newest fill of the symbol that was taken before.
CREATE TABLE cost_adoptions (
    fill_id TEXT PRIMARY KEY,
    symbol TEXT NOT NULL,
    cost TEXT NOT NULL,
    ts_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
