"""One thing a dialog offers: its key and its words on one line, to be struck, clicked, or focused and entered."""

from __future__ import annotations

from textual.strip import Strip
from textual.widget import Widget

from console.actions import Action
from console.widgets.ink import Line, inks_of, strip_of


class Choice(Widget, can_focus=True):
    """Runs its action on the dialog it stands in."""

    DEFAULT_CSS = "Choice { height: 1; width: 1fr; }"

    def __init__(self, action: Action, key: str, words: str, *, ink: str = "plain") -> None:
        super().__init__(id=f"choice-{action.id.replace('.', '-')}")
        self.action = action
        self._key = key
        self._words = words
        self._ink = ink

    def say(self, words: str) -> None:
        """Offer it in other words."""
        if words != self._words:
            self._words = words
            self.refresh()

    def render_line(self, y: int) -> Strip:
        pointer, ground = ("▸ ", "cursor") if self.has_focus else ("  ", "plain")
        line: Line = ((pointer, "key"), (f"[{self._key}]", "key"), (" ", "plain"), (self._words, self._ink))
        inks = inks_of(self)
        return strip_of(line, self.size.width, self.rich_style + inks[ground], inks)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    async def on_click(self) -> None:
        await self.screen.run_action(self.action.call)
