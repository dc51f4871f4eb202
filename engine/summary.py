"""What a finished run has to say for itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Summary:
    """`reason` says why the run ended; money is in quote currency, as exact text. `bars` and
    `orders` are of this run, `decisions` and `fills` of the account's whole life. `seconds` from the start,
    `decisions_per_second` from when it was ready. `digest` None: not asked for, or not to be had. `shadow`: what the
    signals in shadow have not come to, in words, "" where that is nothing."""

    mode: str
    account: str
    reason: str
    state: str
    bars: int
    decisions: int
    orders: int
    fills: int
    first_ts_ms: int
    last_ts_ms: int
    initial: str
    equity: str
    realised: str
    unrealised: str
    fees: str
    funding: str
    maximum_drawdown: float
    seconds: float
    decisions_per_second: float
    compile_seconds: float
    digest: str | None = None
    shadow: str = ""

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return asdict(self)

    def as_text(self) -> str:
        """A few lines for a person."""
        span = f"{_day(self.first_ts_ms)} to {_day(self.last_ts_ms)}" if self.bars else "no bars"
        return "\n".join(
            (
                f"{self.mode} {self.account}: {self.reason}; {self.bars} bars, {span}; state {self.state}",
                f"equity {self.equity} from {self.initial}: realised {self.realised}, unrealised {self.unrealised}, "
                f"fees {self.fees}, funding {self.funding}; deepest drawdown {self.maximum_drawdown:.2%}",
                f"{self.bars} decisions, {self.orders} orders sent, {self.fills} fills in all, {self.seconds:.1f} s "
                f"({self.decisions_per_second:.0f} decisions/s)",
                *((self.shadow,) if self.shadow else ()),
            )
        )


def _day(ts_ms: int) -> str:
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
