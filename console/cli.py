"""The command `quarterdeck`: one entry point, everything heavy imported by the command that needs it.

Exit codes: 0 ok, 1 error, 2 usage, 3 engine not running, 4 configuration, 5 timeout. Errors are one line on stderr.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from console import command_faults

app = typer.Typer(
    name="quarterdeck",
    help="A terminal trading console: signals become orders, orders become fills, fills become a ledger.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def run(
    config: Annotated[Path | None, typer.Option("-c", "--config", help="configuration file (TOML)")] = None,
    mode: Annotated[str | None, typer.Option(help="sim or replay")] = None,
    no_ui: Annotated[bool, typer.Option("--no-ui", help="run headless: lines on stdout")] = False,
    db: Annotated[Path | None, typer.Option(help="database of this engine")] = None,
    data: Annotated[
        list[str] | None, typer.Option(help="recorded bars: a file, a folder or a glob; repeatable")
    ] = None,
    symbols: Annotated[str | None, typer.Option(help="BTCUSDT,ETHUSDT,...")] = None,
    timerange: Annotated[
        str | None, typer.Option(help="20210401-20231230; either side may be left out")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="seed of the embedded market")] = None,
    speed: Annotated[str | None, typer.Option(help="times real time, or max")] = None,
    bars: Annotated[int | None, typer.Option(help="stop cleanly after so many bars")] = None,
    capital: Annotated[str | None, typer.Option(help="USD a new book starts with")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="any key: risk.max_gross=1.5; repeatable")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the summary as JSON")] = False,
) -> None:
    """Trade: in the console, or headless with --no-ui."""
    from console.command_run import RunRequest, run_engine

    flags: dict[str, str | list[str]] = {}
    named = {
        "run.mode": mode,
        "run.symbols": symbols,
        "run.timerange": timerange,
        "run.seed": seed,
        "run.speed": speed,
        "run.bars": bars,
        "run.capital": capital,
    }
    flags |= {key: str(value) for key, value in named.items() if value is not None}
    if data:
        flags["run.data"] = data
    raise typer.Exit(run_engine(RunRequest(config, db, no_ui, as_json, flags, settings or [])))


def main() -> None:
    """Run the command line; what goes wrong is one line on stderr and an exit code."""
    sys.exit(command_faults.guarded(app))
