-- Times are milliseconds since 1970 UTC: ts_ms on the market's clock, wall_ms on the machine's.
-- Money, prices and quantities are decimal TEXT; BLOBs of numbers are little-endian float64.

PRAGMA application_id = 0x51444b31;

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE instruments (
    symbol TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    base TEXT NOT NULL,
    quote TEXT NOT NULL,
    tick TEXT NOT NULL,
    lot TEXT NOT NULL,
    min_quantity TEXT NOT NULL,
    min_notional TEXT NOT NULL,
    contract_size TEXT NOT NULL,
    maker_fee_rate TEXT NOT NULL,
    taker_fee_rate TEXT NOT NULL,
    maintenance_margin_rate TEXT NOT NULL,
    leverage TEXT NOT NULL,
    funding_interval_ms INTEGER NOT NULL,
    funding_cap_rate TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Which symbol each column of a decision's or reading's BLOB belongs to.
CREATE TABLE universes (
    id INTEGER PRIMARY KEY,
    symbols TEXT NOT NULL UNIQUE CHECK (json_valid(symbols))
) STRICT;

CREATE TABLE decisions (
    ts_ms INTEGER PRIMARY KEY,
    universe_id INTEGER NOT NULL REFERENCES universes (id),
    state TEXT NOT NULL,
    halted INTEGER NOT NULL CHECK (halted IN (0, 1)),
    stages BLOB NOT NULL,
    scalars BLOB NOT NULL
) STRICT;

CREATE TABLE readings (
    signal TEXT NOT NULL,
    ts_ms INTEGER NOT NULL,
    universe_id INTEGER NOT NULL REFERENCES universes (id),
    reading_values BLOB NOT NULL,
    confidences BLOB NOT NULL,
    reasons TEXT NOT NULL,
    statistics TEXT NOT NULL,
    PRIMARY KEY (signal, ts_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    client_order_id TEXT PRIMARY KEY,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    type TEXT NOT NULL,
    purpose TEXT NOT NULL,
    quantity TEXT NOT NULL,
    decision_ts_ms INTEGER NOT NULL,
    price TEXT,
    trigger_offset TEXT,
    whole_position INTEGER NOT NULL CHECK (whole_position IN (0, 1)),
    reduce_only INTEGER NOT NULL CHECK (reduce_only IN (0, 1)),
    post_only INTEGER NOT NULL CHECK (post_only IN (0, 1)),
    status TEXT NOT NULL,
    filled_quantity TEXT NOT NULL,
    filled_notional TEXT NOT NULL,
    fee TEXT NOT NULL,
    venue_order_id TEXT,
    reason TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    updated_ts_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_by_time ON orders (decision_ts_ms, client_order_id);
CREATE INDEX orders_alive ON orders (status)
    WHERE status NOT IN ('filled', 'canceled', 'expired', 'rejected', 'denied');

CREATE TABLE order_events (
    sequence INTEGER PRIMARY KEY,
    client_order_id TEXT NOT NULL,
    ts_ms INTEGER NOT NULL,
    from_status TEXT,
    to_status TEXT NOT NULL,
    reason TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX order_events_by_order ON order_events (client_order_id);

-- `sequence` is the order in which the ledger took them.
CREATE TABLE fills (
    sequence INTEGER PRIMARY KEY,
    fill_id TEXT NOT NULL UNIQUE,
    client_order_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    price TEXT NOT NULL,
    quantity TEXT NOT NULL,
    fee TEXT NOT NULL,
    maker INTEGER NOT NULL CHECK (maker IN (0, 1)),
    ts_ms INTEGER NOT NULL,
    reduce_only INTEGER NOT NULL CHECK (reduce_only IN (0, 1)),
    liquidation INTEGER NOT NULL CHECK (liquidation IN (0, 1))
) STRICT;
CREATE INDEX fills_by_time ON fills (ts_ms);
CREATE INDEX fills_by_order ON fills (client_order_id);

CREATE TABLE funding (
    sequence INTEGER PRIMARY KEY,
    funding_id TEXT NOT NULL UNIQUE,
    symbol TEXT NOT NULL,
    quantity TEXT NOT NULL,
    mark_price TEXT NOT NULL,
    rate TEXT NOT NULL,
    amount TEXT NOT NULL,
    ts_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX funding_by_time ON funding (ts_ms);

CREATE TABLE positions (
    symbol TEXT PRIMARY KEY,
    quantity TEXT NOT NULL,
    cost TEXT NOT NULL,
    realised TEXT NOT NULL,
    fees TEXT NOT NULL,
    funding TEXT NOT NULL,
    opened_ts_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE equity (
    ts_ms INTEGER PRIMARY KEY,
    initial TEXT NOT NULL,
    realised TEXT NOT NULL,
    unrealised TEXT NOT NULL,
    fees TEXT NOT NULL,
    funding TEXT NOT NULL,
    equity TEXT NOT NULL,
    high_water_mark TEXT NOT NULL,
    gross REAL NOT NULL,
    net REAL NOT NULL
) STRICT;

CREATE TABLE risk_states (
    sequence INTEGER PRIMARY KEY,
    ts_ms INTEGER NOT NULL,
    scope TEXT NOT NULL,
    state TEXT NOT NULL,
    causes TEXT NOT NULL
) STRICT;

CREATE TABLE overrides (
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    state TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    since_ts_ms INTEGER NOT NULL,
    ends TEXT NOT NULL,
    until_ts_ms INTEGER,
    PRIMARY KEY (name, scope)
) STRICT, WITHOUT ROWID;

CREATE TABLE override_history (
    sequence INTEGER PRIMARY KEY,
    ts_ms INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('set', 'cleared')),
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    state TEXT,
    actor TEXT,
    reason TEXT NOT NULL
) STRICT;

CREATE TABLE commands (
    sequence INTEGER PRIMARY KEY,
    wall_ms INTEGER NOT NULL,
    market_ts_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    arguments TEXT NOT NULL,
    reason TEXT NOT NULL,
    accepted INTEGER NOT NULL CHECK (accepted IN (0, 1)),
    message TEXT NOT NULL,
    state_before TEXT NOT NULL,
    state_after TEXT NOT NULL
) STRICT;

CREATE TABLE events (
    sequence INTEGER PRIMARY KEY,
    ts_ms INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    level TEXT NOT NULL,
    source TEXT NOT NULL,
    message TEXT NOT NULL,
    data TEXT NOT NULL
) STRICT;

-- One row: the latch. `sequence` grows with every write, so that each writer sees whether another one came before.
CREATE TABLE control (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    sequence INTEGER NOT NULL,
    state TEXT NOT NULL,
    progress TEXT NOT NULL,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    wall_ms INTEGER NOT NULL,
    market_ts_ms INTEGER NOT NULL,
    keep_positions INTEGER NOT NULL CHECK (keep_positions IN (0, 1))
) STRICT;

CREATE TABLE session_state (
    name TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ui_state (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    wall_ms INTEGER NOT NULL,
    market_ts_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_is_never_updated BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;

CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;
