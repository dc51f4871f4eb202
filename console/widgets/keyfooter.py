"""The keys that matter most, from the action table; where room is short the least needed go first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.events import Resize

from console.actions import BY_ID, PANES, Action, Scope, of_scope
from console.keymap import key_label
from console.publisher import View
from console.widgets.ink import Line, join, spread, width_of
from console.widgets.lines import Lines

_GAP = ("  ", "plain")


class KeyFooter(Lines):
    """One line at the bottom of a screen, with the keys of these scopes and `also` those of some more actions; where
    the console only watches, without those that would be refused."""

    DEFAULT_CSS = "KeyFooter { height: 1; width: 1fr; background: $panel; }"

    def __init__(
        self,
        keymap: Mapping[str, str],
        *,
        id: str | None = None,
        scopes: Sequence[Scope] = ("app", "desk"),
        also: Sequence[Action] = (),
    ) -> None:
        super().__init__(id=id)
        self._keymap = keymap
        self._scopes = scopes
        self._also = also
        self._read_only = False

    def show_view(self, view: View) -> None:
        """Offer what may be done as this view stands."""
        if view.read_only != self._read_only:
            self._read_only = view.read_only
            self._draw(self.size.width)

    def on_resize(self, event: Resize) -> None:
        self._draw(event.size.width)

    def _draw(self, width: int) -> None:
        line = footer_line(self._keymap, width, self._scopes, self._also, read_only=self._read_only)
        self.show([line])


def footer_line(
    keymap: Mapping[str, str],
    width: int,
    scopes: Sequence[Scope] = ("app", "desk"),
    also: Sequence[Action] = (),
    *,
    read_only: bool = False,
) -> Line:
    """The line at this width: the kill switch always, at the right. Actions without a rank come after quit and back."""
    shown = [action for action in of_scope(*scopes) if action.footer is not None]
    ranked = sorted([*shown, *also], key=lambda action: 1 if action.footer is None else action.footer)
    kill, *others = ranked
    right: Line = ((f"{key_label(kill, keymap)} KILL ", "danger"),)
    if read_only:
        right, others = (), [action for action in others if not action.intervenes]
    parts: list[Line] = [_part(key_label(action, keymap), action.title) for action in others]
    if "desk" in scopes:
        first, last = (key_label(BY_ID[f"pane.{place}"], keymap) for place in (1, len(PANES)))
        parts.insert(2, _part(f"{first}-{last}", "Pane"))
    while parts and width_of(join(parts, _GAP)) + width_of(right) + 2 > width:
        parts.pop()
    return spread([(" ", "plain"), *join(parts, _GAP)], right, width)


def _part(key: str, title: str) -> Line:
    return ((f"{key} ", "key"), (title, "plain"))
