"""An engine's career over many lives: started, killed and started again on one database until its last bar."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from store.check import check
from store.digest import digest
from tests.crash.books import Told, compare, read_only
from tests.crash.life import Flags, Life, Script

REPOSITORY = Path(__file__).resolve().parents[2]
KILLED = -9


@dataclass(frozen=True, slots=True)
class Ending:
    """How a life ended: exit code (negative: the signal), what it said, and seconds until ready and until the end."""

    code: int
    output: str
    ready_s: float | None
    seconds: float

    @property
    def killed(self) -> bool:
        return self.code == KILLED


class Nursery:
    """The warm parent of all lives of a test session, as a process of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.nursery"],
            cwd=REPOSITORY,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def bring_up(self, life: Life) -> Ending:
        """Let one life happen, from fork to end."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(life.as_dict()) + "\n")
        self._process.stdin.flush()
        return Ending(**self._answer())

    def close(self) -> None:
        """End the parent."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the parent of all lives is gone"
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass(slots=True)
class Career:
    """All lives on one database, how many bars they are to trade in total, and what their operator asks meanwhile."""

    nursery: Nursery
    database: Path
    flags: Flags
    bars: int
    script: Script = ()
    endings: list[Ending] = field(default_factory=list)

    def live(self, bars: int | None = None, **particulars: Any) -> Ending:
        """One more life, for `bars` or all that are left but the last: what a killed life leaves undone takes one."""
        return self._life(self.bars_left - 1 if bars is None else bars, particulars)

    def finish(self, **particulars: Any) -> Ending:
        """Live to the last bar; asserts a clean end."""
        ending = self._life(self.bars_left, particulars)
        assert ending.code == 0, ending.output
        assert self.decisions == self.bars, ending.output
        return ending

    def _life(self, bars: int, particulars: dict[str, Any]) -> Ending:
        assert bars > 0, "no bar is left to live for"
        ending = self.nursery.bring_up(self.next_life(bars, **particulars))
        self.endings.append(ending)
        return ending

    def next_life(self, bars: int = 1, **particulars: Any) -> Life:
        """What the next process is to do, for a test that starts it itself."""
        flags = self.flags | {"run.bars": str(bars)}
        return Life(str(self.database), flags, script=self.script, **particulars)

    @property
    def done(self) -> bool:
        """True where only the last bar is left."""
        return self.bars_left <= 1

    @property
    def bars_left(self) -> int:
        return self.bars - self.decisions

    @property
    def decisions(self) -> int:
        return self._count("SELECT count(*) FROM decisions")

    @property
    def orders(self) -> int:
        return self._count("SELECT count(*) FROM orders")

    @property
    def unacknowledged(self) -> int:
        """Durable intents whose acknowledgement is not."""
        return self._count(
            "SELECT count(*) FROM orders WHERE status IN ('intent', 'submitted', 'unresolved')"
        )

    @property
    def digest(self) -> str:
        return digest(self.database)

    @property
    def told(self) -> Told:
        """What the venue's own books say."""
        return Told.of(self.database)

    def assert_sound(self) -> None:
        """The database holds together and the venue's books say the same, order by order and fill by fill."""
        found = [*check(self.database).findings, *compare(self.database)]
        assert not found, "\n".join(found)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the database says; nothing before the engine has made its tables."""
        if not self.database.exists():
            return []
        with closing(read_only(self.database)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'decisions'").fetchone():
                return []
            return connection.execute(sql).fetchall()

    def _count(self, sql: str) -> int:
        found = self.rows(sql)
        return int(found[0][0]) if found else 0
