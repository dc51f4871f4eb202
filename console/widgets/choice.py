"""One thing a dialog offers: its key and its words on one line, to be struck, clicked, or focused and entered."""

from __future__ import annotations

from textual.events import Resize

from console.actions import Action
from console.widgets.lines import Lines


class Choice(Lines, can_focus=True):
    """Runs its action on the dialog it stands in."""

    DEFAULT_CSS = "Choice { height: 1; width: 1fr; }"

    def __init__(self, action: Action, key: str, words: str, *, ink: str = "plain") -> None:
        super().__init__(id=f"choice-{action.id.replace('.', '-')}")
        self.action = action
        self._key = key
        self._words = words
        self._ink = ink

    def on_resize(self, event: Resize) -> None:
        self._draw()

    def on_focus(self) -> None:
        self._draw()

    def on_blur(self) -> None:
        self._draw()

    async def on_click(self) -> None:
        await self.screen.run_action(self.action.call)

    def _draw(self) -> None:
        pointer = ("▸ ", "key") if self.has_focus else ("  ", "plain")
        ink = "cursor" if self.has_focus else "plain"
        padding = " " * max(0, self.size.width - len(self._key) - len(self._words) - 6)
        self.show(
            [[pointer, (f"[{self._key}]", "key"), (" ", "plain"), (self._words, self._ink), (padding, ink)]]
        )
