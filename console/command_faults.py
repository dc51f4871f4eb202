"""From what can go wrong to one line on stderr and an exit code; no traceback ever reaches the operator."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from enum import IntEnum

import click
import typer


class Code(IntEnum):
    """Exit codes of every command."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_RUNNING = 3
    CONFIGURATION = 4
    TIMEOUT = 5


# By class name, so that naming a fault does not import the room it comes from.
_CODES = {
    "ConfigFault": Code.CONFIGURATION,
    "SignalConfigFault": Code.CONFIGURATION,
    "WrongAccount": Code.CONFIGURATION,
    "NotRunning": Code.NOT_RUNNING,
    "NoAnswer": Code.TIMEOUT,
    "DataFault": Code.ERROR,
    "StoreError": Code.ERROR,
    "VenueError": Code.ERROR,
    "SecondEngine": Code.ERROR,
    "WireFault": Code.ERROR,
    "OSError": Code.ERROR,
}
INTERRUPTED = 130
DEBUG_VARIABLE = "QUARTERDECK_TRACEBACK"


class Usage(Exception):
    """The command line asks for something impossible."""


def guarded(app: typer.Typer) -> int:
    """Run the application; the exit code."""
    try:
        outcome = app(standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.exceptions.Abort:
        return INTERRUPTED
    except click.ClickException as fault:
        return complain([fault.format_message()], Code.USAGE)
    except Usage as fault:
        return complain([str(fault)], Code.USAGE)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; closing stdout again at exit would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Code.OK
    except Exception as fault:  # noqa: BLE001 - the last line of defence: whatever it is, it becomes one line
        if os.environ.get(DEBUG_VARIABLE):
            raise
        return complain(lines_of(fault), code_of(fault))
    return int(outcome) if isinstance(outcome, int) else Code.OK


def code_of(fault: BaseException) -> Code:
    """The exit code of a fault, by the nearest class that has one."""
    for known in type(fault).__mro__:
        if known.__name__ in _CODES:
            return _CODES[known.__name__]
    return Code.ERROR


def lines_of(fault: BaseException) -> Iterator[str]:
    """A fault as lines: several for a configuration, one for anything else."""
    faults = getattr(fault, "faults", None)
    if faults:
        yield from (str(item) for item in faults)
        return
    text = " ".join(str(fault).split())
    known = any(cls.__name__ in _CODES for cls in type(fault).__mro__)
    yield text if known and text else f"{type(fault).__name__}: {text}"


def complain(lines: Iterator[str] | list[str], code: Code) -> Code:
    """Each line on stderr behind the program's name."""
    for line in lines:
        print(f"quarterdeck: {line}", file=sys.stderr)
    return code
