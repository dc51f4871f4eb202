"""From what can go wrong to one line on stderr and an exit code; no traceback ever reaches the operator."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from enum import IntEnum

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
    "Usage": Code.USAGE,
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
    "MissingExtra": Code.ERROR,
}
INTERRUPTED = 130
DEBUG_VARIABLE = "QUARTERDECK_TRACEBACK"


class Usage(Exception):
    """The command line asks for something impossible."""


def guarded(app: typer.Typer) -> int:
    """Run the application; the exit code."""
    _lead_closed_streams_nowhere()
    try:
        outcome = app(standalone_mode=False)
        sys.stdout.flush()
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except typer.Exit as end:
        return end.exit_code
    except typer.TyperException as fault:
        return _complain_of_usage(fault)
    except BrokenPipeError:
        # The reader of our output has gone; closing stdout again at exit would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Code.OK
    except Exception as fault:  # the last line of defence: whatever it is, it becomes one line
        if os.environ.get(DEBUG_VARIABLE):
            raise
        return complain(lines_of(fault), code_of(fault))
    return int(outcome) if isinstance(outcome, int) else Code.OK


def _lead_closed_streams_nowhere() -> None:
    """After `1>&-` the next file that is opened would be standard output, and take the lines meant for it."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", errors="replace", closefd=False))


def code_of(fault: BaseException) -> Code:
    """The exit code of a fault, by the nearest class that has one."""
    for known in type(fault).__mro__:
        if known.__name__ in _CODES:
            return _CODES[known.__name__]
    return Code.ERROR


def lines_of(fault: BaseException) -> Iterator[str]:
    """A fault as lines: several for a configuration, one for anything else; then what else it left undone."""
    faults = getattr(fault, "faults", None)
    if faults:
        yield from (str(item) for item in faults)
    else:
        yield _line_of(fault)
    yield from getattr(fault, "__notes__", ())


def _line_of(fault: BaseException) -> str:
    text = " ".join(str(fault).split())
    known = any(cls.__name__ in _CODES for cls in type(fault).__mro__)
    if isinstance(fault, OSError) and fault.filename and fault.strerror:
        text = f"{fault.filename}: {fault.strerror}"
    return text if known and text else f"{type(fault).__name__}: {text}"


def complain(lines: Iterable[str], code: Code) -> Code:
    """Each line on stderr behind the program's name."""
    for line in lines:
        print(f"quarterdeck: {line}", file=sys.stderr)
    return code


def _complain_of_usage(fault: typer.TyperException) -> Code:
    text = fault.format_message()
    if type(fault).__name__ == "NoArgsIsHelpError":
        print(text, file=sys.stderr)
        return Code.USAGE
    return complain([" ".join(text.split())], Code.USAGE)
