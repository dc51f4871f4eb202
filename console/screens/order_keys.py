"""The keys of screens whose rows stand for orders: why it is what it is, and cancelling it."""

from __future__ import annotations

from console.screens.drill import Drill


class OrderKeys(Drill):
    """For a drill-down: it says which order the cursor is on, and whether that may still be filled."""

    def order_here(self) -> tuple[str, bool]:
        """The client order id under the cursor and whether it works; "" where the cursor is on none."""
        raise NotImplementedError

    def action_why(self) -> None:
        order, _ = self.order_here()
        if order:
            self.owner.open_drill("order", order)
        else:
            self.owner.say("No order here.")

    def action_cancel_order(self) -> None:
        order, working = self.order_here()
        if working:
            self.owner.interventions.cancel(order)
        else:
            self.owner.say("Nothing to cancel: this order is done." if order else "No order here.")
