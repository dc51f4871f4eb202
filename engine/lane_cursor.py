"""Where the signals in shadow stand that follow the decisions, as it is stored with what they came to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strategies.signal import Signal

STATE, CURSOR, BEGINS = "followed", "followed cursor", "followed begins"


def fingerprint(signal: Signal) -> str:
    """Differs where the settings of a signal do, and is the same in every process."""
    settings = signal.settings
    text = settings.model_dump_json()
    if any(isinstance(value, set | frozenset) for _, value in settings):
        # Each process has an order of its own for what has none.
        text = json.dumps(
            {
                name: sorted(said, key=repr) if isinstance(getattr(settings, name), set | frozenset) else said
                for name, said in settings.model_dump(mode="json").items()
            }
        )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Cursor:
    """The close of the last bar they took, and the fingerprints of those that took it by name, none before the first.
    `fresh`: they stand where the account began."""

    close_ms: int
    fresh: bool
    settings: Mapping[str, str]

    def dumps(self) -> str:
        """As it is stored."""
        return json.dumps([self.close_ms, self.fresh, dict(self.settings)])

    @classmethod
    def loads(cls, text: str) -> Cursor:
        """What `dumps` wrote."""
        return cls(*json.loads(text))

    def knows(self, signal: Signal) -> bool:
        """Whether a signal took that bar, with the parameters it has."""
        return self.settings.get(signal.name) == fingerprint(signal)
