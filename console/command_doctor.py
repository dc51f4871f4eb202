"""`quarterdeck doctor`: can this installation run, what is not armed, and what is wrong with it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from console.command_faults import Code
from console.command_output import print_json, print_table
from console.command_target import Target, loader
from console.examination import FAIL, Finding, examine_environment, examine_guards, examine_target
from engine.config_faults import ConfigFault
from engine.paths import database_path, real_path

if TYPE_CHECKING:
    from engine.config import Configuration


def doctor(database: Path | None, config: Path | None, as_json: bool) -> int:
    """Print every finding; Code.ERROR where one of them keeps an engine from running."""
    findings = list(examine_environment())
    configuration, faults = _configuration(config)
    findings += faults
    if database is not None or configuration is not None:
        target = Target(
            real_path(database)
            if database is not None
            else database_path(configuration)
            if configuration is not None
            else Path()
        )
        findings += examine_target(target, configuration)
    findings += examine_guards(configuration)
    failed = any(finding.verdict == FAIL for finding in findings)
    if as_json:
        print_json({"sound": not failed, "findings": [asdict(finding) for finding in findings]})
    else:
        print_table(("", "what", "finding"), [(f.verdict, f.subject, f.message) for f in findings])
    return Code.ERROR if failed else Code.OK


def _configuration(config: Path | None) -> tuple[Configuration | None, list[Finding]]:
    try:
        configuration = loader(config)()
    except ConfigFault as fault:
        return None, [Finding(FAIL, "configuration", line) for line in fault.faults]
    from engine.config import config_hash

    return configuration, [Finding("ok", "configuration", f"sound, {config_hash(configuration)}")]
