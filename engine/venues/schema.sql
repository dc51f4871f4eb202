CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE account (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    initial_cash TEXT NOT NULL,
    cash         TEXT NOT NULL,
    sequence     INTEGER NOT NULL,
    open_ms      INTEGER NOT NULL,
    bar_ms       INTEGER NOT NULL
);

CREATE TABLE positions (
    symbol  TEXT PRIMARY KEY,
    payload TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE marks (
    symbol      TEXT PRIMARY KEY,
    close       REAL,
    volume_24h  REAL,
    sigma_daily REAL
) WITHOUT ROWID;

-- working: 1 while the next bar may act on the order, whatever its status says.
-- trail_ticks: how far a working trailing stop has come.
CREATE TABLE orders (
    number          INTEGER PRIMARY KEY,
    client_order_id TEXT NOT NULL UNIQUE,
    working         INTEGER NOT NULL,
    updated_ts_ms   INTEGER NOT NULL,
    payload         TEXT NOT NULL,
    trail_ticks     INTEGER
);
CREATE INDEX orders_working ON orders (number) WHERE working = 1;
CREATE INDEX orders_updated ON orders (updated_ts_ms);

-- An order once refused stays refused, so that a repeated request cannot end otherwise than the first.
CREATE TABLE refusals (
    client_order_id TEXT PRIMARY KEY,
    reason          TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE events (
    sequence    INTEGER PRIMARY KEY,
    bar_open_ms INTEGER NOT NULL,
    ts_ms       INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    payload     TEXT NOT NULL
);
CREATE INDEX events_kind ON events (kind, ts_ms);
