"""The command palette: every action by name, from the action table."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Protocol, cast

from rich.console import RenderableType
from textual import on
from textual.app import ComposeResult
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.widgets import Input, OptionList
from textual.worker import WorkerCancelled

from console.actions import Action, Scope, of_scope
from console.arrangement import size_of
from console.keymap import Keymap, key_label
from console.publisher import View
from console.widgets.status import StatusBar
from console.widgets.veil import veiled


class Performer(Protocol):
    """What the palette needs of the app: where the operator is, and how an action is run from there."""

    keymap: Keymap

    @property
    def scopes(self) -> tuple[Scope, ...]: ...

    async def perform(self, action: Action) -> None: ...


class ActionProvider(Provider):
    """Offers every action that can be run from where the operator is."""

    async def discover(self) -> AsyncIterator[DiscoveryHit]:
        for action in offered(self._performer.scopes):
            yield DiscoveryHit(self._name(action), self._perform(action), help=action.description)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action in offered(self._performer.scopes):
            name = self._name(action)
            score = max(matcher.match(name), 0.5 * matcher.match(action.description))
            if score > 0:
                yield Hit(score, matcher.highlight(name), self._perform(action), help=action.description)

    @property
    def _performer(self) -> Performer:
        return cast(Performer, self.app)

    def _name(self, action: Action) -> str:
        key = key_label(action, self._performer.keymap)
        return f"{action.title}  ({key})" if key else action.title

    def _perform(self, action: Action) -> Callable[[], Awaitable[None]]:
        return partial(self._performer.perform, action)


class Palette(CommandPalette):
    """Textual's palette below our status bar, where Enter waits for the list of what was typed."""

    def __init__(self, view: View) -> None:
        super().__init__(providers=[ActionProvider], placeholder="Find an action")
        self._view = view
        self._status = StatusBar()

    def compose(self) -> ComposeResult:
        yield self._status
        yield from super().compose()

    def render(self) -> RenderableType:
        return veiled(self, super().render())

    @on(Input.Submitted)
    async def _search_first(self) -> None:
        # Textual's own handler comes after this one, and would take from the list that is still shown.
        for search in [one for one in self.workers if one.node is self and not one.is_cancelled]:
            with suppress(WorkerCancelled):
                await search.wait()

    @on(OptionList.OptionSelected)
    def _only_on_top(self, chosen: OptionList.OptionSelected) -> None:
        # Textual would close whatever lies over the palette by now, the kill switch too.
        if not self.is_active:
            chosen.stop().prevent_default()

    def on_mount(self) -> None:
        self.show(self._view)

    def show(self, view: View) -> None:
        """Bring the status bar up to date."""
        self._status.show_view(view, size_of(self.app.size.width, self.app.size.height))


def offered(scopes: tuple[Scope, ...]) -> list[Action]:
    """The actions of these scopes, in the order of the table; the palette itself is open already.

    The kill switch comes last: Enter takes the first, and it has a key of its own.
    """
    actions = [action for action in of_scope(*scopes) if action.id != "palette"]
    return sorted(actions, key=lambda action: action.id == "kill.arm")
