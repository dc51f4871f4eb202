"""How a console that is no part of the engine's process stands to its engine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attachment:
    """`read_only`: this console changes nothing. `lost`: why no engine answers, empty while one does. `note`: one line
    that the operator should know of, as that the versions differ. `kill_answer_s`: how long a kill waits for its
    answer."""

    read_only: bool = False
    lost: str = ""
    note: str = ""
    kill_answer_s: float = 5.0


# The state in the answer to a command of which nobody knows whether it was carried out.
UNCONFIRMED = "UNCONFIRMED"
READ_ONLY = "read-only: this console watches and changes nothing"
