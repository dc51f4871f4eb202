-- In which mode a command was given. A database has one mode, so a row takes it from there, whoever writes the row: a
-- kill that acts past a dead engine meets files of either version and knows no mode.
ALTER TABLE commands ADD COLUMN mode TEXT NOT NULL DEFAULT '';

UPDATE commands SET mode = coalesce((SELECT value FROM meta WHERE name = 'mode'), '');

CREATE TRIGGER commands_take_the_mode_of_their_database AFTER INSERT ON commands WHEN new.mode = ''
BEGIN
    UPDATE commands SET mode = coalesce((SELECT value FROM meta WHERE name = 'mode'), '')
    WHERE sequence = new.sequence;
END;
