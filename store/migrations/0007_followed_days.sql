-- What `signal_days` holds, of signals that are followed behind the decisions: apart, so that nothing that is decided
-- can depend on how far they have come.
CREATE TABLE followed_days (
    day_ms INTEGER NOT NULL,
    signal TEXT NOT NULL,
    bars INTEGER NOT NULL,
    pnl REAL NOT NULL,
    gross_pnl REAL NOT NULL,
    cost REAL NOT NULL,
    turnover REAL NOT NULL,
    attribution REAL NOT NULL,
    weight REAL NOT NULL,
    hits INTEGER NOT NULL,
    misses INTEGER NOT NULL,
    readings INTEGER NOT NULL,
    opinions INTEGER NOT NULL,
    information_coefficient REAL,
    reasons TEXT NOT NULL CHECK (json_valid(reasons)),
    PRIMARY KEY (day_ms, signal)
) STRICT, WITHOUT ROWID;
