"""The panes as tabs where there is room for one: a badge raises those that need attention."""

from __future__ import annotations

from console.actions import PANE_TITLES, PANES
from console.panes.limits import alarms
from console.publisher import View
from console.widgets.ink import Line, Span
from console.widgets.lines import Lines


class Tabs(Lines):
    """One line; the pane that is shown stands in brackets."""

    DEFAULT_CSS = "Tabs { height: 1; width: 1fr; background: $background; }"

    def show_view(self, view: View, focused: str) -> None:
        """Bring it up to date."""
        self.show([tab_line(view, focused)])


def tab_line(view: View, focused: str) -> Line:
    """All tabs on one line."""
    badges = badge_counts(view)
    spans: list[Span] = []
    for place, name in enumerate(PANES, 1):
        words = f"{place} {PANE_TITLES[name]}" + (f"!{badges[name]}" if badges[name] else "")
        if name == focused:
            spans.append((f" [{words}]", "tab"))
        else:
            spans.append((f"  {words} ", "warn" if badges[name] else "plain"))
    return spans


def badge_counts(view: View) -> dict[str, int]:
    """How many things in each pane need attention."""
    snapshot = view.snapshot
    if snapshot is None:
        return dict.fromkeys(PANES, 0)
    return {
        "signals": sum(row.stale for row in snapshot.signals),
        "weights": 0,
        "positions": sum(row.locked for row in snapshot.positions),
        "limits": sum(alarms(snapshot)),
        "log": 0,
    }
