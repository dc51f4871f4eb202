"""The engine's own sections of the configuration: [run], [replay], [execution], [log], [instruments.SYMBOL].

Every key has a default and a description that ends in its unit where it has one, "(ms)"; other rooms describe
their sections in the same way. Impossible values are refused here, so that the engine never has to.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    field_validator,
    model_validator,
)

from engine.timerange import TimeRange
from store.history_names import BAR_SIZES_MS
from store.records import Instrument, InstrumentKind, Mode

Symbol = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,24}$")]
Traded = Literal[InstrumentKind.SPOT, InstrumentKind.PERPETUAL]
"""What a universe can consist of; a future is only listed beside one."""
BarSize = Literal["auto", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d"]


def _number_as_text(value: object) -> object:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


Speed = Annotated[str, BeforeValidator(_number_as_text)]


class Section(BaseModel):
    """What every section shares: unknown keys are faults, values never change, numbers are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class RunConfig(Section):
    """What is run, on what, from when to when, and how it ends."""

    mode: Mode = Field(
        default=Mode.SIM,
        description="where the market comes from: sim, the embedded generator, or replay, recorded bars",
    )
    account: str = Field(
        default="main",
        pattern=r"^[A-Za-z0-9_-]{1,32}$",
        description="name of the book; a database belongs to one mode and account",
    )
    symbols: tuple[Symbol, ...] = Field(
        default=(), description="symbols to trade, in this order; none: all the market has"
    )
    bar: BarSize = Field(
        default="auto", description="decision bar; auto: 1h in sim, the bar size of the data in replay"
    )
    speed: Speed = Field(
        default="900",
        description='how fast the market runs, 1 to 1000000, or "max" for as fast as possible (x real time)',
    )
    bars: int = Field(
        default=0,
        ge=0,
        le=100_000_000,
        description="stop cleanly after so many bars; 0: never (bars)",
    )
    capital: Decimal = Field(
        default=Decimal(100_000),
        ge=1,
        le=10_000_000_000,
        decimal_places=8,
        description="cash a new book starts with (USD)",
    )
    seed: int = Field(
        default=7, ge=0, le=2**63 - 1, description="seed of every random draw: market, venue, faults"
    )
    data: tuple[str, ...] = Field(
        default=(), description="files, folders or globs of recorded bars, for replay"
    )
    timerange: str = Field(
        default="",
        description="first and last day traded, 20210401-20231230; either side may be left out (UTC days)",
    )
    terminal_lost: Literal["keep", "stop", "flatten"] = Field(
        default="keep",
        description="when the terminal is gone: keep running headless, stop, or flatten and stop",
    )
    stop_policy: Literal["keep", "cancel", "flatten"] = Field(
        default="keep",
        description="at a stop: keep orders and positions, cancel entries, or flatten the book",
    )
    status_file: str = Field(
        default="", description="JSON status file written by a headless run; none if empty"
    )

    @field_validator("speed")
    @classmethod
    def _speed_in_range(cls, value: str) -> str:
        if value == "max":
            return value
        number = value.removesuffix("x")
        if not re.fullmatch(r"\d{1,7}(\.\d+)?", number) or not 1 <= float(number) <= 1_000_000:
            raise ValueError(f'{value!r} is neither a number from 1 to 1000000 nor "max"')
        return number

    @field_validator("symbols")
    @classmethod
    def _symbols_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({symbol for symbol in value if value.count(symbol) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is named more than once")
        return value

    @field_validator("data")
    @classmethod
    def _data_named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not item.strip() or "\0" in item for item in value):
            raise ValueError("an item is not a path")
        return value

    @field_validator("timerange")
    @classmethod
    def _timerange_readable(cls, value: str) -> str:
        TimeRange.parse(value)
        return value

    @model_validator(mode="after")
    def _data_and_mode_agree(self) -> RunConfig:
        if self.mode is Mode.REPLAY and not self.data:
            raise ValueError("mode replay needs data: pass --data FILE, FOLDER or GLOB")
        if self.mode is Mode.SIM and self.data:
            raise ValueError("data is for mode replay, and the mode is sim")
        if self.mode is Mode.SIM and self.timerange:
            raise ValueError("timerange is for mode replay, and the mode is sim")
        return self

    @property
    def bar_ms(self) -> int | None:
        """The decision bar in milliseconds; None: whatever the market has."""
        return BAR_SIZES_MS.get(self.bar)

    @property
    def speed_factor(self) -> float | None:
        """Market seconds per real second; None: as fast as possible."""
        return None if self.speed == "max" else float(self.speed)


class ReplayConfig(Section):
    """How recorded bars are read and what their instruments are taken for."""

    kind: Traded = Field(
        default=InstrumentKind.PERPETUAL,
        description="what recorded instruments are traded as: perpetual (may be short) or spot",
    )
    chunk_bars: int = Field(
        default=4_096,
        ge=64,
        le=1_000_000,
        description="bars read from the files at a time; memory grows with it, not with the history (bars)",
    )
    memory_limit_mb: int = Field(
        default=128,
        ge=32,
        le=65_536,
        description="most memory the file reader may use (MB)",
    )


class ExecutionConfig(Section):
    """How targets become orders, and when a request without an answer is looked up at the venue."""

    order_type: Literal["market", "limit"] = Field(
        default="market", description="orders towards a target: market, or passive limits good for one bar"
    )
    inflight_check_ms: int = Field(
        default=2_000,
        ge=100,
        le=600_000,
        description="how often requests without an answer are looked up, on the market's clock (ms)",
    )
    inflight_after_ms: int = Field(
        default=5_000,
        ge=100,
        le=600_000,
        description="age from which a request without an answer is looked up (ms)",
    )


class LogConfig(Section):
    """Where the log goes while the console has the terminal, and how a headless run prints."""

    level: Literal["DEBUG", "INFO", "WARN", "ERROR"] = Field(
        default="INFO", description="least level that is kept"
    )
    file: str = Field(default="", description="log file; empty: quarterdeck.log in the user's state folder")
    rotate_mb: int = Field(
        default=10,
        ge=1,
        le=10_000,
        description="size at which the file is rotated (MB)",
    )
    keep_files: int = Field(default=5, ge=1, le=1_000, description="rotated files that are kept (files)")
    format: Literal["text", "json"] = Field(default="text", description="lines of a headless run on stdout")


class InstrumentConfig(Section):
    """Overrides of one instrument; a key left out keeps what the market says."""

    kind: Traded | None = Field(default=None, description="perpetual or spot")
    tick: Decimal | None = Field(default=None, gt=0, le=1_000_000, description="price step (USD)")
    lot: Decimal | None = Field(
        default=None,
        gt=0,
        le=1_000_000_000,
        description="quantity step (base units)",
    )
    min_quantity: Decimal | None = Field(
        default=None,
        ge=0,
        le=1_000_000_000,
        description="least quantity of an order (base units)",
    )
    min_notional: Decimal | None = Field(
        default=None,
        ge=0,
        le=1_000_000_000,
        description="least value of an order (USD)",
    )
    maker_fee_rate: Decimal | None = Field(
        default=None,
        ge=Decimal("-0.01"),
        le=Decimal("0.1"),
        description="fee of a resting order (fraction of notional)",
    )
    taker_fee_rate: Decimal | None = Field(
        default=None,
        ge=Decimal("-0.01"),
        le=Decimal("0.1"),
        description="fee of an order that takes (fraction of notional)",
    )
    maintenance_margin_rate: Decimal | None = Field(
        default=None,
        ge=0,
        lt=Decimal("0.3"),
        description="margin below which a position is liquidated (fraction of notional)",
    )
    leverage: Decimal | None = Field(default=None, ge=1, le=3, description="leverage of isolated margin (x)")
    funding_cap_rate: Decimal | None = Field(
        default=None,
        gt=0,
        le=Decimal("0.1"),
        description="largest funding rate the venue charges (fraction per interval)",
    )

    def applied_to(self, instrument: Instrument) -> Instrument:
        """The instrument with every key that is set here put in its place."""
        given = {name: value for name, value in self if value is not None}
        return replace(instrument, **given)


class InstrumentsConfig(RootModel[dict[Symbol, InstrumentConfig]]):
    """[instruments.SYMBOL]: overrides by symbol."""

    model_config = ConfigDict(frozen=True)
    root: dict[Symbol, InstrumentConfig] = {}

    def applied_to(self, instrument: Instrument) -> Instrument:
        override = self.root.get(instrument.symbol)
        return instrument if override is None else override.applied_to(instrument)
