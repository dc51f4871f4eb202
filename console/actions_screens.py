"""What the operator can do on the screens that lie over the desk: drill-downs, orders, audit, configuration."""

from __future__ import annotations

from console.action import Action

SCREEN_ACTIONS: tuple[Action, ...] = ()
