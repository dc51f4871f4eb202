"""The command `quarterdeck`: one entry point, everything heavy imported by the command that needs it.

Exit codes: 0 ok, 1 error, 2 usage, 3 engine not running, 4 configuration, 5 timeout. Errors are one line on stderr.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console import cli_interventions, command_faults
from console.cli_options import Config, Db, Json, Limit, Off, Reason, Since, Symbol, named_file

if TYPE_CHECKING:
    from console.command_target import Target

app = typer.Typer(
    name="quarterdeck",
    help="A terminal trading console: signals become orders, orders become fills, fills become a ledger.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
audit_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The append-only audit trail.")
config_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The configuration.")
db_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The database.")
app.add_typer(cli_interventions.app)
app.add_typer(cli_interventions.signals_app, name="signals")
app.add_typer(audit_app, name="audit")
app.add_typer(config_app, name="config")
app.add_typer(db_app, name="db")

Socket = Annotated[Path | None, typer.Option(help="control socket of the engine, if not beside --db")]
ReadOnly = Annotated[bool, typer.Option("--read-only", help="watch, and change nothing")]


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"quarterdeck {version('quarterdeck')}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    config: Config = None,
    mode: Annotated[str | None, typer.Option(help="sim or replay")] = None,
    no_ui: Annotated[bool, typer.Option("--no-ui", help="run headless: lines on stdout")] = False,
    db: Annotated[Path | None, typer.Option(callback=named_file, help="database of this engine")] = None,
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
    as_json: Annotated[bool, typer.Option("--json", help="print nothing but the summary, as JSON")] = False,
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


@app.command()
def attach(
    db: Db = None,
    config: Config = None,
    socket: Socket = None,
    read_only: ReadOnly = False,
    wait: Annotated[bool, typer.Option("--wait", help="wait for an engine that does not run yet")] = False,
) -> None:
    """The console over a running engine; leaving it never stops the engine."""
    from console.command_attach import AttachRequest
    from console.command_attach import attach as show

    path = socket if socket is not None else _target(db, config).socket
    raise typer.Exit(show(AttachRequest(path.expanduser().absolute(), config, read_only, wait)))


@app.command()
def web(
    db: Db = None,
    config: Config = None,
    socket: Socket = None,
    read_only: ReadOnly = False,
    host: Annotated[str, typer.Option(help="address to serve on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="port to serve on")] = 8000,
    token_file: Annotated[
        Path | None, typer.Option(help="keep the token in this file; without, a new one each time")
    ] = None,
) -> None:
    """The console over a running engine, in a browser."""
    from console.command_web import WebRequest
    from console.command_web import web as serve

    path = (socket if socket is not None else _target(db, config).socket).expanduser().absolute()
    raise typer.Exit(serve(WebRequest(path, config, read_only, host, port, token_file)))


@app.command()
def status(db: Db = None, config: Config = None, as_json: Json = False) -> None:
    """What the engine is doing, in one screen."""
    from console.command_status import status as show

    raise typer.Exit(show(_target(db, config), as_json))


@app.command()
def kill(
    db: Db = None,
    config: Config = None,
    keep_positions: Annotated[bool, typer.Option(help="cancel entries, leave positions and stops")] = False,
    reason: Reason = "quarterdeck kill",
    timeout: Annotated[float, typer.Option(min=0, help="how long to wait until the book is flat (s)")] = 30.0,
    as_json: Json = False,
) -> None:
    """Halt, cancel, flatten: through the engine, or without it where it is dead or does not answer."""
    from console.command_kill import find
    from console.command_kill import kill as act

    raise typer.Exit(act(find(db, config), keep_positions, reason, timeout, as_json))


@app.command()
def resume(
    reason: Reason,
    db: Db = None,
    config: Config = None,
    confirm: Annotated[str | None, typer.Option(help="the word RESUME, where there is no terminal")] = None,
    as_json: Json = False,
) -> None:
    """Lift HALTED: the only way out of it."""
    from console.command_control import resume as act

    raise typer.Exit(act(_target(db, config), reason, confirm, as_json))


@app.command()
def pause(
    db: Db = None, config: Config = None, off: Off = False, reason: Reason = "", as_json: Json = False
) -> None:
    """Take no new entries; exits and stops go on."""
    from console.command_control import restrict

    raise typer.Exit(restrict(_target(db, config), "pause", off, reason, as_json))


@app.command()
def reduce(
    db: Db = None, config: Config = None, off: Off = False, reason: Reason = "", as_json: Json = False
) -> None:
    """Send only orders that reduce exposure, and cancel entries that work."""
    from console.command_control import restrict

    raise typer.Exit(restrict(_target(db, config), "reduce", off, reason, as_json))


@app.command()
def positions(db: Db = None, config: Config = None, as_json: Json = False) -> None:
    """What is held."""
    from console.command_status import positions as show

    raise typer.Exit(show(_target(db, config), as_json))


@app.command()
def orders(
    db: Db = None,
    config: Config = None,
    symbol: Symbol = None,
    statuses: Annotated[
        list[str] | None, typer.Option("--status", help="filled, unresolved, ...; repeatable")
    ] = None,
    since: Since = None,
    limit: Limit = None,
    as_json: Json = False,
) -> None:
    """Orders by decision time."""
    from console.command_history import orders as show

    raise typer.Exit(show(_target(db, config), symbol, statuses or [], since, limit, as_json))


@app.command()
def fills(
    db: Db = None,
    config: Config = None,
    symbol: Symbol = None,
    since: Since = None,
    limit: Limit = None,
    as_json: Json = False,
) -> None:
    """Executions in the order the ledger took them."""
    from console.command_history import fills as show

    raise typer.Exit(show(_target(db, config), symbol, since, limit, as_json))


@app.command()
def equity(
    db: Db = None, config: Config = None, since: Since = None, limit: Limit = None, as_json: Json = False
) -> None:
    """The account over market time."""
    from console.command_history import equity as show

    raise typer.Exit(show(_target(db, config), since, limit, as_json))


@app.command()
def events(
    db: Db = None,
    config: Config = None,
    levels: Annotated[
        list[str] | None, typer.Option("--level", help="DEBUG, INFO, WARN or ERROR; repeatable")
    ] = None,
    since: Since = None,
    limit: Limit = None,
    as_json: Json = False,
) -> None:
    """What happened."""
    from console.command_history import events as show

    raise typer.Exit(show(_target(db, config), levels or [], since, limit, as_json))


@app.command()
def explain(
    order: Annotated[str, typer.Argument(help="client order id, as `orders` lists it")],
    db: Db = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Why an order is what it is, from the readings through every stage of the decision."""
    from console.command_explain import explain as show

    raise typer.Exit(show(_target(db, config), order, as_json))


@app.command()
def doctor(db: Db = None, config: Config = None, as_json: Json = False) -> None:
    """Whether this installation can run, and what is not armed."""
    from console.command_doctor import doctor as examine

    raise typer.Exit(examine(db, config, as_json))


@audit_app.command("verify")
def audit_verify(db: Db = None, config: Config = None, as_json: Json = False) -> None:
    """Follow the chain of hashes from the first row to the last."""
    from console.command_database import verify_audit

    raise typer.Exit(verify_audit(_target(db, config), as_json))


@config_app.command("check")
def config_check(config: Config = None, as_json: Json = False) -> None:
    """List every fault of the configuration; exit code 4 where there is one."""
    from console.command_config import check

    raise typer.Exit(check(config, as_json))


@config_app.command("show")
def config_show(config: Config = None, as_json: Json = False) -> None:
    """Every key in force, with its unit and where it was set."""
    from console.command_config import show

    raise typer.Exit(show(config, as_json))


@db_app.command("check")
def db_check(db: Db = None, config: Config = None, as_json: Json = False) -> None:
    """The file, its references, the ledger identity and the audit chain."""
    from console.command_database import check

    raise typer.Exit(check(_target(db, config), as_json))


@db_app.command("backup")
def db_backup(
    path: Annotated[Path, typer.Argument(help="file to make; it must not exist")],
    db: Db = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Copy the database, running or not, as of one moment."""
    from console.command_database import make_backup

    raise typer.Exit(make_backup(_target(db, config), path, as_json))


@db_app.command("digest")
def db_digest(db: Db = None, config: Config = None, as_json: Json = False) -> None:
    """One hash over what was decided, ordered, filled and booked, in market time."""
    from console.command_database import print_digest

    raise typer.Exit(print_digest(_target(db, config), as_json))


def main() -> None:
    """Run the command line; what goes wrong is one line on stderr and an exit code."""
    sys.exit(command_faults.guarded(app))


def _target(db: Path | None, config: Path | None) -> Target:
    from console.command_target import find_target

    return find_target(db, config)


if __name__ == "__main__":
    main()
