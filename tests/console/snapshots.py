"""Pictures of an engine as the console meets them, built from plain values: starting, running, halted, stale, large."""

from __future__ import annotations

import math
from dataclasses import replace

from engine.snapshot import (
    EstimateRow,
    KillRow,
    LimitRow,
    LogLine,
    OrderRow,
    OverrideRow,
    PositionRow,
    SignalCell,
    SignalRow,
    Snapshot,
    VenueHealth,
    WeightRow,
)

MARKET_MS = 1_685_624_400_000  # 2023-06-01 13:00 UTC
WALL_MS = 1_700_000_000_000
HOUR_MS = 3_600_000
PRICES = {
    "BTCUSDT": ("65012.5", 1),
    "ETHUSDT": ("3204.10", 2),
    "SOLUSDT": ("141.70", 2),
    "XRPUSDT": ("0.5621", 4),
    "ADAUSDT": ("0.3810", 4),
    "DOGEUSDT": ("0.08012", 5),
    "LINKUSDT": ("14.213", 3),
    "LTCUSDT": ("88.31", 2),
    "AVAXUSDT": ("31.220", 3),
    "DOTUSDT": ("6.104", 3),
    "BNBUSDT": ("590.10", 2),
    "TRXUSDT": ("0.11230", 5),
}


_CAPS: tuple[tuple[str, ...], ...] = ((), ("gross",), ("symbol", "drawdown"), ())


def signal_row(
    symbol: str, place: int, step: int = 0, *, price: str | None = None, decimals: int = 2
) -> SignalRow:
    """One symbol; `step` makes everything that moves move."""
    forecast = round(0.9 * math.sin(place * 1.7 + step * 0.05), 4)
    readings = [round(forecast * factor, 4) for factor in (1.2, 0.8, -0.3)]
    base = float(price or PRICES.get(symbol, ("100.00", 2))[0])
    shown = f"{base * (1 + 0.001 * math.sin(step * 0.7 + place)):.{decimals}f}"
    action = (
        "BUY" if forecast > 0.6 else "SELL" if forecast < -0.6 else "HOLD L" if forecast > 0.1 else "flat"
    )
    return SignalRow(
        symbol=symbol,
        price=shown,
        forecast=forecast,
        confidence=round(0.5 + abs(forecast) / 3, 3),
        cells=tuple(
            SignalCell(name, value, 0.6) for name, value in zip(("A1", "A2", "A3"), readings, strict=True)
        ),
        target_fraction=forecast * 0.2,
        position_fraction=forecast * 0.18,
        action=action,
        age_ms=300 + 40 * (place % 5),
        stale=False,
        spread_bps=0.8 + place % 3,
        expected_cost_bps=4.1 + place % 4,
        trail=tuple(math.sin((place + lag + step * 0.1) * 0.6) for lag in range(8)),
        agreement=0.82,
        netted=round(0.15 * abs(forecast), 3),
        caps=_CAPS[place % len(_CAPS)],
    )


def warming(row: SignalRow) -> SignalRow:
    """The same symbol before A1 and A2 have enough days."""
    cells = (SignalCell("A1", None, 0.0, "WARMUP"), SignalCell("A2", None, 0.0, "WARMUP"), row.cells[2])
    return replace(row, cells=cells, caps=(), agreement=1.0, netted=0.0)


def stale(row: SignalRow) -> SignalRow:
    """The same symbol after its prices stopped."""
    return replace(row, stale=True, age_ms=9_800, action="BLOCKED", why_blocked="stale bars")


def position(
    symbol: str, side: str, quantity: str, entry: str, mark: str, unrealised: str, **changes: object
) -> PositionRow:
    row = PositionRow(
        symbol=symbol,
        venue="simulated",
        side=side,
        quantity=quantity,
        entry=entry,
        mark=mark,
        unrealised=unrealised,
        unrealised_fraction=float(unrealised) / 2_700,
        r_multiple=0.8,
        stop="63100.0" if symbol == "BTCUSDT" else None,
        liquidation=None,
        working_orders=1,
        locked=False,
        opened_ts_ms=MARKET_MS - 5 * HOUR_MS,
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def log_lines(count: int, first: int = 1) -> tuple[LogLine, ...]:
    words = (
        ("INFO", "engine.execution", "fill BTCUSDT buy 0.0040 @ 65,010.1 fee 0.26"),
        ("WARN", "venue.simulated", "order qd7f3 timed out, looking it up"),
        ("INFO", "risk.limits", "corr cluster 48.0% > warn 45.0%"),
        ("DEBUG", "engine.decision", "decided 12 symbols in 71 us"),
        ("ERROR", "feed.ADAUSDT", "no bar for 9.8 s; symbol blocked"),
    )
    lines = []
    for sequence in range(first, first + count):
        level, source, message = words[sequence % len(words)]
        lines.append(LogLine(sequence, MARKET_MS + sequence * 1_000, level, source, message))
    return tuple(lines)


POSITIONS = (
    position("BTCUSDT", "long", "0.0420", "64310.03571428", "65012.5", "29.50"),
    position("ETHUSDT", "long", "1.100", "3188.4", "3204.10", "17.27"),
    position("SOLUSDT", "short", "14.00", "143.9", "141.70", "-30.80"),
)
ORDER = OrderRow(
    "qd1aBTCUSDTo", "BTCUSDT", "buy", "limit", "open", "0.0040", "65010.1", "0", "accepted", "", MARKET_MS
)
WEIGHTS = tuple(
    replace(row, raw_weight=row.weight, configured_weight=row.weight)
    for row in (
        WeightRow("A1", "time-series momentum", "directional", "momentum", 0.40, True, 1.0, 0.41, 12, 12),
        WeightRow("A2", "Donchian + ATR", "directional", "momentum", 0.35, True, 0.83, 0.55, 10, 12),
        WeightRow("A3", "short-term reversion", "directional", "reversion", 0.25, True, 1.0, 0.12, 12, 12),
    )
)
ESTIMATED_MS = 1_684_972_800_000  # 2023-05-25
ESTIMATED = tuple(
    replace(
        row,
        method="equal-risk",
        estimated_ms=ESTIMATED_MS,
        estimated_change=change,
        estimated_why=held,
        family="evidence",
        closest=closest,
        correlation=correlation,
        days=74,
        recent_pnl=0.0123,
        pnl=0.0411,
        recent_attribution=0.0052,
        judged=5_400,
        hit_rate=0.525,
        information_coefficient=0.03,
        standard_error=0.01,
        heard=0.93,
        age_ms=13 * HOUR_MS,
    )
    for row, change, held, closest, correlation in (
        (WEIGHTS[0], 0.024, "", "A2", 0.71),
        (WEIGHTS[1], -0.031, "", "A1", 0.71),
        (WEIGHTS[2], 0.007, "at the floor", "A1", -0.12),
    )
)
ESTIMATE = EstimateRow(
    "directional", "equal-risk", 3, ESTIMATED_MS + 14 * 24 * HOUR_MS, ESTIMATED_MS, 60, 2.13, "A1", "A2", 0.71
)
LIMITS = (
    LimitRow("day loss", 0.004, 0.03, "fraction", "ok"),
    LimitRow("drawdown", 0.0041, 0.06, "fraction", "ok"),
    LimitRow("gross", 0.79, 2.0, "x", "ok"),
    LimitRow("net", 0.41, 1.0, "x", "ok"),
    LimitRow("max position", 0.338, 0.4, "fraction", "WARN"),
    LimitRow("corr cluster", 0.48, 0.5, "fraction", "WARN"),
    LimitRow("order rate", 4, 30, "count", "ok"),
    LimitRow("data age", 300, 5_000, "ms", "ok"),
    LimitRow("stablecoin peg", None, 0.02, "fraction", "not armed"),
)
PAUSED = OverrideRow(
    "operator pause", "REDUCING", "", "operator ann@console", "entries paused", MARKET_MS - 60_000, "operator"
)
DRAWDOWN = OverrideRow(
    "drawdown", "REDUCING", "", "guard", "5.1% below the peak", MARKET_MS - 2 * HOUR_MS, "above -4% again"
)
KILLED = OverrideRow(
    "kill", "HALTED", "", "operator ann@console", "kill switch: flatten", MARKET_MS, "resume"
)
FLATTENED = OverrideRow(
    "operator flatten",
    "REDUCING",
    "ETHUSDT",
    "operator ann@console",
    "flatten ETHUSDT, asked at the console",
    MARKET_MS - 180_000,
    "operator's release",
)


def running(step: int = 0, *, mode: str = "sim", wall_ms: int = WALL_MS) -> Snapshot:
    """An engine at work with three positions."""
    rows = tuple(
        signal_row(symbol, place, step, decimals=PRICES[symbol][1]) for place, symbol in enumerate(PRICES)
    )
    return Snapshot(
        sequence=step,
        version="0.1.0",
        mode=mode,
        account="main",
        phase="running",
        state="ACTIVE",
        profile="balanced",
        market_ts_ms=MARKET_MS + step * 1_000,
        wall_ts_ms=wall_ms,
        decision_ts_ms=MARKET_MS,
        next_decision_in_ms=3_600,
        bar_ms=HOUR_MS,
        speed="900",
        decisions=1_204 + step,
        initial="100000",
        equity=f"{104123.31 + step * 0.37:.8f}",
        realised="4046.11000000",
        unrealised="77.60000000",
        fees="31.20000000",
        funding="-2.40000000",
        high_water_mark="104551.00000000",
        day_profit="84.20000000",
        day_profit_fraction=0.0082,
        drawdown=0.0041,
        drawdown_limit=0.06,
        gross=0.79,
        net=0.41,
        working_orders=6,
        fills=41,
        loop_lag_p99_ms=2.0,
        database_ms=0.8,
        config_hash="a91f0c55d2b7e610",
        reconciled_ts_ms=MARKET_MS - 4_000,
        signals=rows,
        weights=WEIGHTS,
        positions=POSITIONS,
        limits=LIMITS,
        venues=(VenueHealth("simulated", "up", "up", 38.0),),
        orders=(ORDER,),
        log=log_lines(40, first=1 + step),
    )


def estimated() -> Snapshot:
    """The same engine with weights by an estimate of a week ago."""
    return replace(running(), weights=ESTIMATED, estimates=(ESTIMATE,))


def starting() -> Snapshot:
    """Before anything is loaded."""
    return replace(
        running(),
        phase="starting",
        signals=(),
        weights=(),
        positions=(),
        limits=(),
        notice="compiling kernels",
        log=(),
    )


def warming_up() -> Snapshot:
    """The first months of a replay: A1 and A2 have no opinion."""
    weights = (
        replace(WEIGHTS[0], opinions=0, note="need 428 daily bars"),
        replace(WEIGHTS[1], opinions=0, note="need 428 daily bars"),
        WEIGHTS[2],
    )
    base = running(mode="replay")
    return replace(base, signals=tuple(warming(row) for row in base.signals), weights=weights)


def with_stale() -> Snapshot:
    """ADAUSDT without prices."""
    base = running()
    rows = tuple(stale(row) if row.symbol == "ADAUSDT" else row for row in base.signals)
    return replace(base, signals=rows)


def reducing() -> Snapshot:
    return replace(running(), state="REDUCING", overrides=(DRAWDOWN,))


def paused() -> Snapshot:
    return replace(running(), state="REDUCING", overrides=(PAUSED,))


def halted(progress: str = "flat", **changes: object) -> Snapshot:
    """After the kill switch, as far as `progress`."""
    kill = KillRow(progress, "simulated", 6, 0, 0 if progress == "flat" else 2, WALL_MS - 2_300)
    return replace(
        running(),
        state="HALTED",
        overrides=(KILLED,),
        positions=() if progress == "flat" else running().positions,
        kill=replace(kill, **changes),  # type: ignore[arg-type]
    )


def large(rows: int, step: int = 0, *, wall_ms: int = WALL_MS) -> Snapshot:
    """As many symbols as asked for, each moving at every step."""
    signals = tuple(signal_row(f"SYM{place:03d}USDT", place, step, price="100") for place in range(rows))
    positions = tuple(
        position(f"SYM{place:03d}USDT", "long", "1.000", "99.00", f"{100 + 0.01 * (step % 50):.2f}", "1.00")
        for place in range(0, rows, 5)
    )
    base = running(step, wall_ms=wall_ms)
    return replace(base, signals=signals, positions=positions, log=log_lines(50, first=1 + 3 * step))
