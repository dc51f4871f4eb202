"""Answers of an engine to drill-downs, as plain data: what goes with the pictures of `snapshots`."""

from __future__ import annotations

import math
from typing import Any

from engine.commands import DetailKind
from tests.console.snapshots import HOUR_MS, LIMITS, MARKET_MS, PRICES, WALL_MS

DAY_MS = 24 * HOUR_MS
ORDER_ID = "qds6gdc0BTCUSDTO"
STOP_ID = "qds6gdc0BTCUSDTS"
WORKING_ID = "qd1aBTCUSDTo"

_ORDER: dict[str, Any] = {
    "client_order_id": ORDER_ID,
    "symbol": "BTCUSDT",
    "side": "buy",
    "type": "market",
    "purpose": "open",
    "quantity": "0.0420",
    "decision_ts_ms": MARKET_MS - 5 * HOUR_MS,
    "price": None,
    "trigger_offset": None,
    "whole_position": False,
    "reduce_only": False,
    "post_only": False,
    "status": "filled",
    "filled_quantity": "0.0420",
    "filled_notional": "2701.0215",
    "fee": "1.35051075",
    "venue_order_id": f"sim-{ORDER_ID}",
    "reason": "",
    "attempt": 0,
    "updated_ts_ms": MARKET_MS - 5 * HOUR_MS,
}
_STOP = _ORDER | {
    "client_order_id": STOP_ID,
    "side": "sell",
    "type": "stop_market",
    "purpose": "stop",
    "quantity": "0",
    "trigger_offset": "1210.0",
    "whole_position": True,
    "reduce_only": True,
    "status": "accepted",
    "filled_quantity": "0",
    "filled_notional": "0",
    "fee": "0",
}
_TARGET = _STOP | {
    "client_order_id": "qds6gdc0BTCUSDTT",
    "type": "take_profit",
    "purpose": "target",
    "trigger_offset": "2420.0",
}
_REJECTED = _ORDER | {
    "client_order_id": "qds6fjc0XRPUSDTO",
    "symbol": "XRPUSDT",
    "quantity": "1200.0",
    "filled_quantity": "0",
    "filled_notional": "0",
    "fee": "0",
    "status": "rejected",
    "reason": "insufficient margin",
    "updated_ts_ms": MARKET_MS - 6 * HOUR_MS,
}


def _event(place: int, before: str | None, after: str, reason: str = "") -> dict[str, Any]:
    return {
        "sequence": place,
        "client_order_id": ORDER_ID,
        "ts_ms": MARKET_MS - 5 * HOUR_MS,
        "from_status": before,
        "to_status": after,
        "reason": reason,
        "attempt": 0,
        "wall_ms": WALL_MS,
    }


def _fill(place: int, price: str, quantity: str) -> dict[str, Any]:
    return {
        "ts": MARKET_MS - (5 - place) * HOUR_MS,
        "symbol": "BTCUSDT",
        "side": "buy",
        "price": price,
        "quantity": quantity,
        "fee": "0.64310036",
        "order_id": ORDER_ID,
        "fill_id": f"{ORDER_ID}-{place}",
        "maker": False,
        "reduce_only": False,
        "liquidation": False,
    }


def _reading(signal: str, value: float | None, statistics: dict[str, float | None]) -> dict[str, Any]:
    reason = "OK" if value is not None else "WARMUP"
    return {
        "signal": signal,
        "ts": MARKET_MS - 13 * HOUR_MS,
        "value": value,
        "confidence": 0.0 if value is None else 1.0,
        "reason": reason,
        "statistics": statistics,
    }


# FDM 1.2; weights .40 .35 .25 of snapshots.WEIGHTS; scalars 1.7, 1.1, 1.0: the three add up to the blend.
READINGS = [
    _reading("A1", 0.3, {"sigma": 0.0192, "z_7": 0.0972, "z_14": 0.5429, "z_28": 0.2396}),
    _reading("A2", 0.5, {"atr_20": 1_403.2, "upper_20": 66_210.5, "position_20_10": 1.0}),
    _reading("A3", -0.2, {"sigma": 0.0185, "z": -1.2, "efficiency_ratio": 0.0369}),
]
BLEND = 1.2 * (0.40 * 1.7 * 0.3 + 0.35 * 1.1 * 0.5 - 0.25 * 0.2)


def _stage(name: str, value: float, why: str = "", bound: bool = False) -> dict[str, Any]:
    return {"stage": name, "value": value, "bound": bound, "why": why}


STAGES = [
    _stage("blend", BLEND),
    _stage("conflict", 0.9 * BLEND, "signals of one class disagree: cut", True),
    _stage("overlay", 0.9 * BLEND),
    _stage("volatility", 0.18, "sized to the volatility target"),
    _stage("neutral", 0.0),
    _stage("type", 0.12, "limit of one signal type bound", True),
    _stage("symbol", 0.10, "limit of one symbol bound", True),
    _stage("cluster", 0.10),
    _stage("net", 0.10),
    _stage("gross", 0.08, "gross limit or Kelly cap bound", True),
    _stage("drawdown", 0.06, "drawdown or guard multiplier bound", True),
    _stage("state", 0.06),
    _stage("buffer", 0.055, "no-trade band: kept nearer to what is held", True),
    _stage("round", 0.0548, "rounded to whole lots and minimum size", True),
]
ORDER: dict[str, Any] = {
    "order": _ORDER,
    "events": [
        _event(1, None, "intent"),
        _event(2, "intent", "submitted"),
        _event(3, "submitted", "accepted"),
        _event(4, "accepted", "filled"),
    ],
    "fills": [_fill(0, "64310.0", "0.0210"), _fill(1, "64310.1", "0.0210")],
    "decision": {
        "ts": MARKET_MS - 5 * HOUR_MS,
        "state": "ACTIVE",
        "halted": False,
        "scalars": {"idm": 1.3, "fdm": 1.2, "kelly": 0.8, "drawdown": 0.11, "multiplier": 0.75},
    },
    "stages": STAGES,
    "readings": READINGS,
    "decision_price": "64250.0",
}
STOP: dict[str, Any] = ORDER | {"order": _STOP, "events": ORDER["events"][:3], "fills": []}
ORDERS: dict[str, Any] = {"orders": [_ORDER, _STOP, _REJECTED]}
POSITION: dict[str, Any] = {
    "fills": ORDER["fills"],
    "funding": [
        {
            "ts": MARKET_MS - place * 8 * HOUR_MS,
            "symbol": "BTCUSDT",
            "quantity": "0.0420",
            "mark_price": "64400.5",
            "rate": "0.0001",
            "amount": "-0.27048210",
            "funding_id": f"BTCUSDT-{place}",
        }
        for place in (2, 1)
    ],
    "orders": [_STOP, _TARGET],
    "ours": {
        "symbol": "BTCUSDT",
        "quantity": "0.0420",
        "cost": "2701.0215",
        "realised": "46.10",
        "fees": "3.12",
        "funding": "-0.54",
        "opened_ts_ms": MARKET_MS - 5 * HOUR_MS,
    },
    "venue": {"answers": True, "agrees": True, "quantity": "0.0420", "proven_ts_ms": MARKET_MS - 4_000},
}


PARAMETERS: list[dict[str, Any]] = [
    {
        "name": name,
        "value": value,
        "default": value,
        "bounds": bounds,
        "unit": unit,
        "description": "",
        "by": by,
    }
    for name, value, bounds, unit, by in (
        ("scalar", 1.7, "above 0, at most 100", "x", ""),
        ("lookbacks", [7, 14, 28], "", "days", ""),
        ("com", 60.0, "above 0, at most 1000", "days", ""),
        ("cap", 2.0, "above 0, at most 100", "sigmas", ""),
        ("response", "clip", "one of clip, sign", "", ""),
        ("window", 428, "at least 3, at most 435", "days", "operator ann"),
    )
]


def signal(name: str = "A1", readings: int = 400, without: int = 60) -> dict[str, Any]:
    """What SIGNAL answers: a year of daily readings, the first of them without an opinion."""
    statistics = {"sigma": 0.0192, "z_7": 0.0972, "z_14": 0.5429, "z_28": 0.2396}
    history = [
        {
            "ts_ms": MARKET_MS - (readings - place) * DAY_MS,
            "value": None if place < without else round(0.8 * math.sin(place / 20), 6),
            "confidence": 0.0 if place < without else 0.9,
            "reason": "WARMUP" if place < without else "OK",
            "statistics": statistics,
        }
        for place in range(readings)
    ]
    return {
        "signal": {
            "name": name,
            "title": "time-series momentum",
            "class": "directional",
            "type": "momentum",
            "bar": "1d",
            "window": 428,
            "settings": {
                "scalar": 1.7,
                "lookbacks": [7, 14, 28],
                "com": 60.0,
                "cap": 2.0,
                "response": "clip",
            },
            "weight": 0.4,
            "enabled": True,
            "correlations": {"A2": 0.71, "A3": -0.12},
            "reasons": {"OK": 1_674, "WARMUP": 126},
            "parameters": PARAMETERS,
        },
        "history": history,
        "symbols": [
            {
                "symbol": symbol,
                "ts_ms": MARKET_MS - 13 * HOUR_MS,
                "value": 0.3,
                "confidence": 0.9,
                "reason": "OK",
                "statistics": statistics,
            }
            for symbol in PRICES
        ],
    }


def _audit(sequence: int, actor: str, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "sequence": sequence,
        "wall_ms": WALL_MS - (10 - sequence) * 60_000,
        "market_ts_ms": MARKET_MS - (10 - sequence) * HOUR_MS,
        "actor": actor,
        "kind": kind,
        "payload": payload,
        "hash": f"{sequence:064x}",
    }


AUDIT: dict[str, Any] = {
    "rows": [
        _audit(
            5,
            "operator ann@console",
            "command",
            {
                "kind": "pause",
                "arguments": {"on": "true"},
                "reason": "news at noon",
                "accepted": True,
                "message": "entries are paused",
                "state_before": "ACTIVE",
                "state_after": "REDUCING",
            },
        ),
        _audit(
            4,
            "guard",
            "override cleared",
            {"name": "shock", "scope": "", "reason": "REDUCING by shock ended: 12 bars without"},
        ),
        _audit(
            3,
            "guard",
            "override set",
            {
                "ends": "12 bars without",
                "name": "shock",
                "reason": "BTCUSDT moved more than 8 sigma in one bar",
                "scope": "",
                "state": "REDUCING",
            },
        ),
        _audit(
            2,
            "cli uid=1000",
            "control",
            {"keep_positions": True, "progress": "kept", "reason": "drill", "state": "HALTED"},
        ),
        _audit(1, "engine", "start", {"config": "a91f0c55d2b7e610", "mode": "sim"}),
    ]
}
COMMANDS: dict[str, Any] = {
    "rows": [
        {
            "sequence": 2,
            "wall_ms": WALL_MS - 60_000,
            "market_ts_ms": MARKET_MS - HOUR_MS,
            "mode": "sim",
            "actor": "operator ann@console",
            "kind": "pause",
            "arguments": {"on": "true"},
            "reason": "news at noon",
            "accepted": True,
            "message": "entries are paused",
            "state_before": "ACTIVE",
            "state_after": "REDUCING",
        },
        {
            "sequence": 1,
            "wall_ms": WALL_MS - 120_000,
            "market_ts_ms": MARKET_MS - 2 * HOUR_MS,
            "actor": "cli uid=1000",
            "kind": "resume",
            "arguments": {"confirm": "resume"},
            "reason": "",
            "accepted": False,
            "message": "the word is RESUME",
            "state_before": "HALTED",
            "state_after": "HALTED",
        },
    ]
}


def _setting(key: str, value: str, default: str, source: str = "default", unit: str = "") -> dict[str, str]:
    words = f"what {key.rpartition('.')[2].replace('_', ' ')} means"
    return {
        "key": key,
        "value": value,
        "default": default,
        "source": source,
        "unit": unit,
        "description": words,
    }


CONFIG: dict[str, Any] = {
    "hash": "a91f0c55d2b7e610",
    "rows": [
        _setting("run.mode", '"sim"', '"sim"'),
        _setting("signals.A1.scalar", "1.7", "1.7", unit="x"),
        _setting("signals.A2.scalar", "1.1", "1.1", unit="x"),
        _setting("signals.A3.scalar", "1.0", "1.0", unit="x"),
        _setting("risk.profile", '"balanced"', '"moderate"', "config.toml:4"),
        _setting("risk.volatility_target", "0.2", "0.2", unit="per annum"),
        _setting("risk.max_symbol", "0.1", "0.1", unit="fraction of equity"),
        _setting("risk.max_cluster", "0.25", "0.25", unit="fraction of equity"),
        _setting("risk.max_net", "0.3", "0.3", unit="fraction of equity"),
        _setting("risk.max_gross", "1.5", "1.0", "flag --set risk.max_gross", unit="fraction of equity"),
        _setting("risk.dd_start", "0.1", "0.1", unit="fraction of equity"),
        _setting("risk.dd_halt", "0.15", "0.15", unit="fraction of equity"),
        _setting("risk.day_loss", "0.03", "0.05", "profile", unit="fraction of equity"),
        _setting("risk.stop_atr", "3.0", "3.0", unit="average true ranges"),
        _setting("risk.stop_fraction", "0.0", "0.0", unit="fraction"),
        _setting("risk.buffer_fraction", "0.1", "0.1", unit="fraction"),
        _setting("risk.type_limits.momentum", "0.12", "0.1", "config.toml:9", unit="fraction of equity"),
        _setting("risk.type_limits.reversion", "0.1", "0.1", unit="fraction of equity"),
        _setting("venue.half_spread_bps", "1.0", "1.0", unit="bps of price"),
    ],
}


def recorded() -> dict[DetailKind, dict[str, Any]]:
    """An answer to every question."""
    return {
        DetailKind.ORDER: ORDER,
        DetailKind.ORDERS: ORDERS,
        DetailKind.POSITION: POSITION,
        DetailKind.SIGNAL: signal(),
        DetailKind.AUDIT: AUDIT,
        DetailKind.COMMANDS: COMMANDS,
        DetailKind.CONFIG: CONFIG,
        DetailKind.LAYOUT: {"values": {}},
    }


LIMIT_NAMES = tuple(row.name for row in LIMITS)
