"""Every drill-down by the name it is opened by."""

from __future__ import annotations

from collections.abc import Mapping

from console.screens.audit import AuditScreen
from console.screens.configuration import ConfigurationScreen
from console.screens.drill import Drill
from console.screens.limit import LimitScreen
from console.screens.log_line import LogLineScreen
from console.screens.order_why import OrderWhyScreen
from console.screens.orders import OrdersScreen
from console.screens.position import PositionScreen
from console.screens.signal import SignalScreen

DRILLS: Mapping[str, type[Drill]] = {
    "signal": SignalScreen,
    "position": PositionScreen,
    "orders": OrdersScreen,
    "order": OrderWhyScreen,
    "audit": AuditScreen,
    "config": ConfigurationScreen,
    "limit": LimitScreen,
    "log": LogLineScreen,
}
"""Made with (keymap, view, details, key); what the key is, each says itself."""
