"""`quarterdeck resume`, `pause` and `reduce`: commands to a running engine, answered when they took effect."""

from __future__ import annotations

import sys

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
        confirm = _typed_word()
    if confirm != WORD:
        raise Usage(f"not resumed: the word {WORD} must be given in full")
    return _give(target, Command(CommandKind.RESUME, ACTOR, reason, {"confirm": confirm}), as_json)


def restrict(target: Target, kind: str, off: bool, reason: str, as_json: bool) -> int:
    """Begin or end `pause` or `reduce`. Raises NotRunning, NoAnswer."""
    arguments = {"on": "false" if off else "true"}
    return _give(target, Command(CommandKind(kind), ACTOR, reason, arguments), as_json)


def _typed_word() -> str:
    if not sys.stdin.isatty():
        raise Usage(f"resume asks for the word {WORD} at a terminal; without one pass --confirm {WORD}")
    print(f"Type {WORD} to lift the halt: ", end="", file=sys.stderr, flush=True)
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
