-- What a contract is: when a future or an option ends (0: never), an option's strike (0: none) and what it gives a right
-- to (call or put). Instruments written before are none, or get theirs when they are listed again.
ALTER TABLE instruments ADD COLUMN expiry_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instruments ADD COLUMN strike TEXT NOT NULL DEFAULT '0';
ALTER TABLE instruments ADD COLUMN "right" TEXT NOT NULL DEFAULT '';
