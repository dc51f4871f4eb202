-- A reading that repeats is not written again: a row holds the symbols it changes (`whole`: all of them), as
-- store/compact.py lays them out. What was written before becomes whole rows; waterfalls keep each different stage once.

-- What the statistics in a reading's BLOB are called.
CREATE TABLE statistic_names (
    id INTEGER PRIMARY KEY,
    names TEXT NOT NULL UNIQUE CHECK (json_valid(names))
) STRICT;

ALTER TABLE readings RENAME TO wide_readings;

CREATE TABLE readings (
    signal TEXT NOT NULL,
    ts_ms INTEGER NOT NULL,
    universe_id INTEGER NOT NULL REFERENCES universes (id),
    names_id INTEGER NOT NULL REFERENCES statistic_names (id),
    whole INTEGER NOT NULL CHECK (whole IN (0, 1)),
    cells BLOB NOT NULL,
    PRIMARY KEY (signal, ts_ms)
) STRICT, WITHOUT ROWID;

INSERT INTO statistic_names (id, names)
SELECT DISTINCT content_id(names_of(statistics)), names_of(statistics) FROM wide_readings;

INSERT INTO readings (signal, ts_ms, universe_id, names_id, whole, cells)
SELECT signal, ts_ms, universe_id, content_id(names_of(statistics)), 1,
       cells_of(symbols, reading_values, confidences, reasons, statistics)
FROM wide_readings JOIN universes ON universes.id = universe_id;

DROP TABLE wide_readings;

UPDATE decisions SET stages = folded(stages);
