"""The kill path: latch, cancel, flatten, prove flat. Operator, socket, signal and guards all end here.

It shares nothing with strategies, blender or screen. HALTED is durable before the first cancel leaves, and stays
until the operator's typed resume; an unfinished kill goes on where it stopped after a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from engine.execution import Execution
from engine.intents import flatten_order
from engine.venues.venue import Unresolved, Venue, VenueUnavailable
from store.journal import Journal
from store.records import Order, OrderPurpose, OrderStatus, TradingState
from store.rows import ControlRow

RETRY_FIRST_S = 0.05
RETRY_MOST_S = 2.0
POLL_S = 0.05


class KillProgress(StrEnum):
    """How far the path has come; everything before FLAT or KEPT is resumed after a restart."""

    CANCELLING = "cancelling"
    FLATTENING = "flattening"
    FLAT = "flat"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class KillState:
    """The latch as stored in the control row, with what is known of its progress."""

    progress: KillProgress
    keep_positions: bool
    actor: str
    reason: str
    wall_ms: int
    market_ts_ms: int
    cancelled: int = 0
    open_orders: int = 0
    open_positions: int = 0
    error: str = ""

    @property
    def done(self) -> bool:
        """True once nothing of this kill remains to be done."""
        return self.progress in (KillProgress.FLAT, KillProgress.KEPT)


class KillSwitch:
    """Carries a latched kill to its end on one venue."""

    def __init__(self, venue: Venue, execution: Execution, journal: Journal) -> None:
        self._venue = venue
        self._execution = execution
        self._journal = journal
        self.state: KillState | None = None
        self._lock = asyncio.Lock()

    def latch(self, state: KillState) -> None:
        """Gather the latch; the caller commits it before anything else happens."""
        self.state = state
        self._record()

    async def carry_out(self, now_ms: int) -> None:
        """Cancel, then send the flattening orders; idempotent, safe to run again after a crash anywhere in it.

        Positions are closed by the market's next opens; `prove_flat` tells when that has happened.
        """
        async with self._lock:
            if self.state is None or self.state.done:
                return
            if self.state.progress is KillProgress.CANCELLING:
                # A bar may come here between the latch and the end of its commit, which is under way elsewhere.
                await self._journal.commit_apart(self._record)
                cancelled = await cancel_all(self._venue, self.state.keep_positions, self._note)
                # An order that was to close a position is gone with the others: the position is closed anew.
                sent = [order for order in self._closing() if order.status is not OrderStatus.INTENT]
                await self._execution.ask_about(sent)
                self.state = replace(self.state, cancelled=self.state.cancelled + cancelled, error="")
                await self._advance(
                    KillProgress.KEPT if self.state.keep_positions else KillProgress.FLATTENING
                )
            if not self.state.keep_positions:
                await self._send_flattening(now_ms)

    async def prove_flat(self) -> bool:
        """Ask the venue; only its own word ends a kill."""
        if self.state is None or self.state.done:
            return True
        try:
            positions = await self._venue.positions()
            orders = await self._venue.open_orders()
        except VenueUnavailable as unavailable:
            if self.state is not None:
                self.state = replace(self.state, error=str(unavailable))
            return False
        if self.state is None or self.state.done:
            # Somebody else's question was answered first, and the operator may have resumed since.
            return True
        self.state = replace(self.state, open_positions=len(positions), open_orders=len(orders), error="")
        flat = self.state.progress is KillProgress.FLATTENING and not positions and not orders
        if flat:
            await self._advance(KillProgress.FLAT)
        return flat

    async def until_flat(
        self, stands_still: Callable[[], bool], close_out: Callable[[], Awaitable[object]]
    ) -> None:
        """Poll until the venue confirms flat. Where the market itself has stopped moving (a wedged bar loop), close
        out at the last known price instead of waiting for an open that never comes."""
        while not await self.prove_flat():
            if stands_still():
                try:
                    await close_out()
                except VenueUnavailable as unavailable:
                    self._note(str(unavailable))
            await asyncio.sleep(POLL_S)

    def release(self) -> None:
        """Forget the latch, not yet committed; only the operator's resume calls this."""
        state, self.state = self.state, None
        if state is not None:
            self._journal.control(
                ControlRow(TradingState.ACTIVE, "", "resumed", state.actor, state.market_ts_ms)
            )

    async def _send_flattening(self, now_ms: int) -> None:
        pending = self._execution.closing()
        unsent = [order for order in self._closing() if order.status is OrderStatus.INTENT]
        try:
            positions = await self._venue.positions()
        except VenueUnavailable as unavailable:
            if self.state is not None:
                self.state = replace(self.state, error=str(unavailable))
            return
        held = sorted((p.symbol, p.quantity) for p in positions if p.symbol not in pending)
        taken = self._execution.orders
        orders = [flatten_order(symbol, now_ms, quantity, taken) for symbol, quantity in held]
        await self._journal.commit_apart(lambda: self._execution.intend_all(orders))
        await self._execution.dispatch(unsent + orders, now_ms)
        # A file that was held for this is asked again by the next bar, not by the one after it.
        self._execution.locked_out = False

    def _closing(self) -> list[Order]:
        """Open orders that close a whole position."""
        return [o for o in self._execution.open_orders() if o.purpose is OrderPurpose.FLATTEN]

    async def _advance(self, progress: KillProgress) -> None:
        if self.state is None:
            return
        self.state = replace(self.state, progress=progress)
        await self._journal.commit_apart(self._record)

    def _note(self, error: str) -> None:
        """Show what is in the way."""
        if self.state is not None:
            self.state = replace(self.state, error=error)

    def _record(self) -> None:
        if self.state is None:
            return
        self._journal.control(
            ControlRow(
                state=TradingState.HALTED,
                progress=self.state.progress,
                reason=self.state.reason,
                actor=self.state.actor,
                market_ts_ms=self.state.market_ts_ms,
                keep_positions=self.state.keep_positions,
            )
        )


async def cancel_all(
    venue: Venue, keep_protective: bool, note: Callable[[str], None], most_attempts: int | None = None
) -> int:
    """Cancel every open order of the account, protective ones too unless they are kept; asked again until the venue
    answers, or until `most_attempts` (then its last error is raised). The number cancelled."""
    attempt, delay_s = 0, RETRY_FIRST_S
    while True:
        try:
            return await venue.cancel_all(keep_protective, attempt)
        except (Unresolved, VenueUnavailable) as lost:
            attempt += 1
            if attempt == most_attempts:
                raise
            note(str(lost))
        await asyncio.sleep(delay_s)
        delay_s = min(2 * delay_s, RETRY_MOST_S)
