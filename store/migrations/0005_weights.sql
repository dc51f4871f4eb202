-- Estimated weights of signals, by class, and of instruments: what they were estimated from, when they take effect and
-- what came out ('': not yet). store/weight_rows.py says how the inputs are laid out.
CREATE TABLE weights (
    kind TEXT NOT NULL,
    estimated_ms INTEGER NOT NULL,
    effective_ms INTEGER NOT NULL,
    method TEXT NOT NULL,
    settings TEXT NOT NULL CHECK (json_valid(settings)),
    inputs BLOB NOT NULL,
    inputs_hash TEXT NOT NULL,
    result TEXT NOT NULL CHECK (result = '' OR json_valid(result)),
    PRIMARY KEY (estimated_ms, kind)
) STRICT, WITHOUT ROWID;
