"""Commands to a running engine, answered when they took effect: `quarterdeck resume`, `pause`, `reduce`, `flatten`,
`cancel` and the changes of `signals`. Nobody is asked anything where there is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from console.command_faults import Code, Usage, complain
from console.command_output import print_json
from console.command_target import Target
from engine.commands import Command, CommandKind

ACTOR = "cli"
WORD = "RESUME"


def resume(target: Target, reason: str, confirm: str | None, as_json: bool) -> int:
    """Lift HALTED. Raises Usage where the word was not given and nobody can be asked, NotRunning, NoAnswer."""
    if not reason.strip():
        raise Usage("resume needs a reason: --reason TEXT")
    if confirm is None:
        confirm = _typed("resume", WORD, "to lift the halt")
    if confirm != WORD:
        raise Usage(f"not resumed: the word {WORD} must be given in full")
    return _give(target, Command(CommandKind.RESUME, ACTOR, reason, {"confirm": confirm}), as_json)


def restrict(target: Target, kind: str, off: bool, reason: str, as_json: bool) -> int:
    """Begin or end `pause` or `reduce`. Raises NotRunning, NoAnswer."""
    arguments = {"on": "false" if off else "true"}
    return _give(target, Command(CommandKind(kind), ACTOR, reason, arguments), as_json)


def flatten(
    target: Target, symbol: str, release: bool, reason: str, confirm: str | None, as_json: bool
) -> int:
    """Close one position and keep its symbol out of the market, or let it trade again. Raises Usage where closing was
    not confirmed with the symbol and nobody can be asked, NotRunning, NoAnswer."""
    if not release:
        if confirm is None:
            confirm = _typed("flatten", symbol, "to close its whole position")
        if confirm != symbol:
            raise Usage(f"not flattened: the symbol {symbol} must be given again in full")
    arguments = {"symbol": symbol, "on": "false" if release else "true"}
    return _give(target, Command(CommandKind.FLATTEN, ACTOR, reason, arguments), as_json)


def cancel(target: Target, order: str, reason: str, as_json: bool) -> int:
    """Cancel one working order. Raises NotRunning, NoAnswer."""
    return _give(target, Command(CommandKind.CANCEL, ACTOR, reason, {"order": order}), as_json)


def switch_signal(target: Target, name: str, state: str, reason: str, as_json: bool) -> int:
    """Bring a signal into a state: on, shadow or off. Raises NotRunning, NoAnswer."""
    arguments = {"name": name, "state": state}
    return _give(target, Command(CommandKind.SIGNAL, ACTOR, reason, arguments), as_json)


def weigh_signal(target: Target, name: str, weight: str, reason: str, as_json: bool) -> int:
    """Give a signal another weight. Raises NotRunning, NoAnswer."""
    arguments = {"name": name, "weight": weight}
    return _give(target, Command(CommandKind.WEIGHT, ACTOR, reason, arguments), as_json)


def weigh_by(target: Target, method: str, reason: str, as_json: bool) -> int:
    """Weigh the signals by another method. Raises NotRunning, NoAnswer."""
    return _give(target, Command(CommandKind.METHOD, ACTOR, reason, {"method": method}), as_json)


def set_parameters(
    target: Target, name: str, parameters: Sequence[str], default: bool, reason: str, as_json: bool
) -> int:
    """Give a signal other parameters, written as name=value, or those it is configured with. Raises Usage where neither
    or both are asked for, NotRunning, NoAnswer."""
    if default == bool(parameters):
        raise Usage(f"signals set {name}: give parameters as name=value, or --default")
    wanted = {"default": "true"} if default else {"parameters": " ".join(parameters)}
    command = Command(CommandKind.PARAMETERS, ACTOR, reason, {"name": name, **wanted})
    return _give(target, command, as_json)


def _typed(command: str, word: str, effect: str) -> str:
    if not sys.stdin.isatty():
        raise Usage(f"{command} asks for {word} at a terminal; without one pass --confirm {word}")
    print(f"Type {word} {effect}: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def _give(target: Target, command: Command, as_json: bool) -> int:
    from console.link.client import give

    result = give(target.socket, command)
    if as_json:
        print_json({"accepted": result.accepted, "message": result.message, "state": result.state})
    if not result.accepted:
        return complain([result.message], Code.ERROR)
    if not as_json:
        print(f"{result.message} (state {result.state})")
    return Code.OK
