"""Section [venue]: what trading at the simulated venue costs, how it fills, and the faults it is to have."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class FaultKind(StrEnum):
    """Everything a venue can do to us; each names a key of [venue.faults]."""

    SUBMIT_LOST_BEFORE_ACCEPT = "submit_lost_before_accept"
    SUBMIT_LOST_AFTER_ACCEPT = "submit_lost_after_accept"
    CANCEL_LOST_BEFORE = "cancel_lost_before"
    CANCEL_LOST_AFTER = "cancel_lost_after"
    RATE_LIMITED = "rate_limited"
    MAINTENANCE = "maintenance"
    EVENT_REPEATED = "event_repeated"
    EVENT_OUT_OF_ORDER = "event_out_of_order"
    EVENT_DROPPED = "event_dropped"
    STREAM_SILENT = "stream_silent"
    FILL_BEFORE_ACKNOWLEDGEMENT = "fill_before_acknowledgement"
    FILL_AFTER_CANCEL = "fill_after_cancel"
    FUNDING_TWICE = "funding_twice"
    ORDER_QUERY_FAILS = "order_query_fails"
    ORDER_QUERY_MISSES = "order_query_misses"
    ORDER_MISSING_FROM_OPEN_LIST = "order_missing_from_open_list"
    BALANCE_QUERY_FAILS = "balance_query_fails"
    POSITION_QUERY_FAILS = "position_query_fails"


def _probability(description: str) -> float:
    default: float = Field(
        default=0.0, ge=0, le=1, json_schema_extra={"unit": "probability"}, description=description
    )
    return default


class FaultProbabilities(BaseModel):
    """[venue.faults]: how often each fault strikes what it can strike; all are 0 outside rehearsals."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    submit_lost_before_accept: float = _probability("a new order never reaches the venue")
    submit_lost_after_accept: float = _probability("a new order is accepted and the answer is lost")
    cancel_lost_before: float = _probability("a cancel never reaches the venue")
    cancel_lost_after: float = _probability("a cancel takes effect and the answer is lost")
    rate_limited: float = _probability("a request is turned away, 429")
    maintenance: float = _probability("a request is turned away, the venue is in maintenance")
    event_repeated: float = _probability("an event arrives again")
    event_out_of_order: float = _probability("an event arrives after its successor")
    event_dropped: float = _probability("an event never arrives on the stream")
    stream_silent: float = _probability("the stream says nothing for a bar")
    fill_before_acknowledgement: float = _probability("a fill arrives before the order's acknowledgement")
    fill_after_cancel: float = _probability("a cancel is confirmed, yet the order may fill in the next bar")
    funding_twice: float = _probability("a funding settlement arrives twice")
    order_query_fails: float = _probability("a query for one order fails")
    order_query_misses: float = _probability("a query for one order denies an order that exists")
    order_missing_from_open_list: float = _probability("an open order is left out of the list of open orders")
    balance_query_fails: float = _probability("a balance query fails")
    position_query_fails: float = _probability("a position query fails")


class VenueConfig(BaseModel):
    """[venue]: costs and fill rules of the simulated venue."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    half_spread_bps: float = Field(
        default=1.0,
        ge=0,
        le=1_000,
        json_schema_extra={"unit": "bps of price"},
        description="half the bid-ask spread, paid by every order that takes",
    )
    option_half_spread_bps: float = Field(
        default=150.0,
        ge=0,
        le=5_000,
        json_schema_extra={"unit": "bps of the option's price"},
        description="the same of an option: about a point of volatility at the money",
    )
    impact_coefficient: float = Field(
        default=1.0,
        ge=0,
        le=100,
        json_schema_extra={"unit": "factor"},
        description="Y of the square-root impact: Y x daily volatility x sqrt(quantity / 24 h volume)",
    )
    latency_bars: int = Field(
        default=0,
        ge=0,
        le=1_000,
        json_schema_extra={"unit": "bars"},
        description="bars an order waits beyond the one that opens at its decision",
    )
    volume_share: float = Field(
        default=0.10,
        gt=0,
        le=1,
        json_schema_extra={"unit": "fraction of the decision bar's volume"},
        description="most that market and limit orders together fill per symbol and bar",
    )
    limit_life_bars: int = Field(
        default=1,
        ge=0,
        le=100_000,
        json_schema_extra={"unit": "bars"},
        description="bars a limit order works before it expires; 0: until cancelled",
    )
    liquidation_penalty_rate: float = Field(
        default=0.01,
        ge=0,
        le=0.5,
        json_schema_extra={"unit": "fraction of notional"},
        description="charged on a liquidation, beside the taker fee",
    )
    unknown_daily_volatility: float = Field(
        default=0.05,
        ge=0,
        le=10,
        json_schema_extra={"unit": "fraction per day"},
        description="daily volatility that costs are figured with where none has been measured yet",
    )
    marks_every_ms: int = Field(
        default=200,
        ge=0,
        le=60_000,
        json_schema_extra={"unit": "ms of wall time"},
        description="least time between two records of the marks while nothing else changes",
    )
    fault_seed: int = Field(default=0, ge=0, le=2**63 - 1, description="seed of the injected faults")
    faults: FaultProbabilities = Field(default=FaultProbabilities(), description="injected faults")
