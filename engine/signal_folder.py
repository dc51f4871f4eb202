"""Signals that are files in the folder [signals] names: each `*.py` holds a `SignalKind` under the name KIND.

A file runs with all the engine may do, so one that anybody may write to is not loaded. What is wrong with a file is
its own affair: it is left out and named, the others are loaded, and the engine runs.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

from strategies import registry
from strategies.registry import BrokenSignal, Registry

if TYPE_CHECKING:
    from strategies.config import SignalsConfig

_MODULES = "quarterdeck_signal_"


@dataclass(frozen=True, slots=True)
class SignalFile:
    """One file, or the folder itself where that cannot be read, as the registry takes a plug-in."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def value(self) -> str:
        return str(self.path)

    def load(self) -> object:
        """What the file calls KIND. Raises whatever is wrong with it."""
        for path in (self.path, self.path.parent):
            if path.stat().st_mode & stat.S_IWOTH:
                raise PermissionError(f"anybody may write to it: chmod o-w {path}")
        name = f"{_MODULES}{self.name}"
        spec = spec_from_file_location(name, self.path)
        if spec is None or spec.loader is None:
            raise ImportError("it is no Python file")
        module = module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
            return module.KIND
        except SystemExit as end:
            raise ImportError("it ends the program that imports it") from end
        except AttributeError:
            if hasattr(module, "KIND"):
                raise
            raise TypeError("it has no SignalKind of the name KIND") from None
        finally:
            sys.modules.pop(name, None)


def signal_files(folder: str) -> Sequence[SignalFile]:
    """The files of the folder by name, those whose name begins with _ left out; the folder where there is none."""
    if not folder:
        return ()
    whole = Path(os.path.expanduser(folder)).absolute()  # unlike Path, silent about a home that is not there
    if not whole.is_dir():
        return (SignalFile(whole),)
    return [SignalFile(path) for path in sorted(whole.glob("*.py")) if not path.name.startswith("_")]


def known_kinds(config: SignalsConfig) -> Registry:
    """Every signal that can run: the project's own, those of installed packages, those of the folder. What is left out
    is named: those that are broken, and those that are off with settings they cannot have."""
    from strategies.config import unfit_plug_ins

    found = registry.installed(signal_files(config.folder))
    unfit = (BrokenSignal(*named) for named in unfit_plug_ins(config, found).items())
    return replace(found, broken=(*found.broken, *unfit))
