"""Which keys do what, as data: the defaults of the action table with the operator's own keys laid over them.

Only keys that survive tmux, screen and SSH are taken: a single character, ctrl+letter, F1 to F12, arrows and the
named keys below. A map is refused as a whole, with every fault named, when a key would mean two things at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from console.action import SCREENS
from console.actions import ACTIONS, BY_ID, Action, Scope, of_scope

# What the terminal cannot tell apart from another key, or what would stop the process with the engine in it.
_REFUSED = {
    "ctrl+i": "is Tab to a terminal",
    "ctrl+j": "is Enter to a terminal",
    "ctrl+m": "is Enter to a terminal",
    "ctrl+h": "is Backspace to a terminal",
    "ctrl+z": "would suspend the process, and the engine with it",
}
_NAMED = {
    "tab": "Tab",
    "shift+tab": "S-Tab",
    "enter": "Enter",
    "escape": "Esc",
    "space": "Space",
    "backspace": "Backspace",
    "delete": "Del",
    "insert": "Ins",
    "home": "Home",
    "end": "End",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "question_mark": "?",
    "slash": "/",
    "comma": ",",
}
# Never a confirmation: what is struck by habit or by a key that repeats.
_NEVER_CONFIRMS = frozenset({"enter", "space", "y"})
# What confirms, and what asked.
_CONFIRMING = {
    "kill.flatten": ("kill.arm",),
    "kill.halt": ("kill.arm",),
    "pause.confirm": ("entries.pause",),
    "reduce.confirm": ("mode.reduce",),
    "flatten.confirm": ("symbol.flatten", "position.flatten"),
    "cancel.confirm": ("orders.cancel",),
    "signal.confirm": ("signal.switch",),
    "weight.confirm": ("signal.weight",),
    "parameters.confirm": ("signal.parameters",),
    "stop.confirm": ("quit.stop",),
}
# Where these are in force, what is typed goes into a field.
_BESIDE_A_FIELD = ("filter", "weight", "parameters", "resume")

_ON_SCREENS = {scope for scopes in SCREENS for scope in scopes}
# What is in force in each dialog beside what it offers itself.
_DIALOGS: dict[Scope, tuple[Scope, ...]] = {
    scope: () if scope in ("filter", "help") else ("dialog", "choice")
    for scope in sorted(
        {a.scope for a in ACTIONS} - {"app", "desk", "screen", "dialog", "choice", *_ON_SCREENS}
    )
}

_LETTERS = frozenset({"space", "question_mark", "slash", "comma"})

Keymap = Mapping[str, str]


def keys_of(action: Action, keymap: Keymap) -> tuple[str, ...]:
    """The keys that call `action` under `keymap`."""
    text = keymap.get(action.id, action.keys)
    return tuple(key.strip() for key in text.split(",") if key.strip())


def label(key: str) -> str:
    """A key as the operator reads it: ^k, S-Tab, Esc, G."""
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+")
    return _NAMED.get(key, key.upper() if re.fullmatch(r"f\d{1,2}", key) else key)


def key_label(action: Action, keymap: Keymap) -> str:
    """The first key of `action`, as often as it must be struck; "" where it has none."""
    keys = keys_of(action, keymap)
    return " ".join([label(keys[0])] * action.presses) if keys else ""


def key_labels(action: Action, keymap: Keymap) -> str:
    """Every key of `action` for the help."""
    return " ".join(" ".join([label(key)] * action.presses) for key in keys_of(action, keymap))


def faults(keymap: Keymap) -> list[str]:
    """Everything that is wrong with `keymap`, one line each; empty when it can be used."""
    found = [f"{name} is no action; the help lists them" for name in keymap if name not in BY_ID]
    for name in keymap:
        if name in BY_ID:
            found += _key_faults(name, keymap)
    return [*found, *_clashes(keymap), *_weak_confirmations(keymap), *_typed(keymap)]


def _key_faults(name: str, keymap: Keymap) -> Iterator[str]:
    keys = keys_of(BY_ID[name], keymap)
    if not BY_ID[name].keys:
        yield f"{name} has no key of its own: it is in the palette"
    elif not keys:
        yield f"{name} would have no key"
    for key in keys:
        if key in _REFUSED:
            yield f"{name}: {key} {_REFUSED[key]}"
        elif not _is_key(key):
            yield f"{name}: {key!r} is no key: a character, ctrl+letter, f1 to f12, or one of {', '.join(_NAMED)}"


def _is_key(key: str) -> bool:
    if len(key) == 1:
        return key.isprintable()
    return key in _NAMED or re.fullmatch(r"ctrl\+[a-z]|f([1-9]|1[0-2])", key) is not None


def _clashes(keymap: Keymap) -> Iterator[str]:
    groups = [[a for a in ACTIONS if a.scope in ("app", "desk")]]
    # A screen over the desk hides the desk; a dialog hides all but what has priority.
    groups += [list(of_scope("app", "screen", *scopes)) for scopes in SCREENS]
    groups += [
        [a for a in ACTIONS if a.scope in (scope, *shared) or a.priority]
        for scope, shared in _DIALOGS.items()
    ]
    # The help is moved through like any rows.
    groups.append([a for a in ACTIONS if a.scope == "help" or a.on_screens or a.priority])
    reported = set()
    for group in groups:
        owners: dict[str, str] = {}
        for action in group:
            for key in keys_of(action, keymap):
                other = owners.setdefault(_canonical(key), action.id)
                if other != action.id and (other, action.id) not in reported:
                    reported.add((other, action.id))
                    yield f"{label(key)} would mean both {other} and {action.id}"


def _weak_confirmations(keymap: Keymap) -> Iterator[str]:
    for name, askers in _CONFIRMING.items():
        keys = keys_of(BY_ID[name], keymap)
        asking = {key for asker in askers for key in keys_of(BY_ID[asker], keymap)}
        for key in keys:
            if key in _NEVER_CONFIRMS:
                yield f"{name}: {label(key)} is struck by habit and cannot confirm"
            if key in asking:
                yield f"{name}: {label(key)} already asks the question, so it cannot confirm it"


def _typed(keymap: Keymap) -> Iterator[str]:
    leaving = [
        action for action in ACTIONS if action.scope in _BESIDE_A_FIELD and action.id not in _CONFIRMING
    ]
    for action in leaving:
        for key in keys_of(action, keymap):
            if len(key) == 1 or key in _LETTERS:
                yield f"{action.id}: {label(key)} would be typed into the field"


def _canonical(key: str) -> str:
    return {"?": "question_mark", "/": "slash", ",": "comma", " ": "space"}.get(key, key)
