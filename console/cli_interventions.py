"""The part of the command line that interferes with one symbol, one order or one signal, and the log of commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli_options import Config, Db, Json, Limit, Reason

if TYPE_CHECKING:
    from console.command_target import Target

app = typer.Typer(rich_markup_mode=None)
signals_app = typer.Typer(
    rich_markup_mode=None,
    invoke_without_command=True,
    help="Every symbol's readings and forecast; or switch a signal, weigh it, or set its parameters.",
)

SignalName = Annotated[str, typer.Argument(help="signal, as `signals` names it")]


@app.command()
def flatten(
    symbol: Annotated[str, typer.Argument(help="symbol, as `positions` names it")],
    release: Annotated[bool, typer.Option("--release", help="let the symbol trade again")] = False,
    confirm: Annotated[
        str | None, typer.Option(help="the symbol once more, where there is no terminal")
    ] = None,
    db: Db = None,
    config: Config = None,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Close one position whole, and keep its symbol out of the market until it is released."""
    from console.command_control import flatten as act

    raise typer.Exit(act(_target(db, config), symbol, release, reason, confirm, as_json))


@app.command()
def cancel(
    order: Annotated[str, typer.Argument(help="client order id, as `orders` lists it")],
    db: Db = None,
    config: Config = None,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Cancel one working order; a stop is placed again at the next bar."""
    from console.command_control import cancel as act

    raise typer.Exit(act(_target(db, config), order, reason, as_json))


@app.command()
def commands(db: Db = None, config: Config = None, limit: Limit = None, as_json: Json = False) -> None:
    """What operators asked, when, in which mode, and what became of it."""
    from console.command_history import commands as show

    raise typer.Exit(show(_target(db, config), limit, as_json))


@signals_app.callback()
def signals(context: typer.Context, db: Db = None, config: Config = None, as_json: Json = False) -> None:
    """Every symbol's readings and forecast; or switch a signal, weigh it, or set its parameters."""
    if context.invoked_subcommand is not None:
        context.obj = (db, config)
        return
    from console.command_status import signals as show

    raise typer.Exit(show(_target(db, config), as_json))


@signals_app.command("list")
def signals_list(context: typer.Context, db: Db = None, config: Config = None, as_json: Json = False) -> None:
    """Every signal there is, on, in shadow or off, and plug-ins that were left out."""
    from console.command_signals import list_signals as show

    raise typer.Exit(show(*_named_where(context, db, config), as_json))


@signals_app.command("show")
def signals_show(
    context: typer.Context, name: SignalName, db: Db = None, config: Config = None, as_json: Json = False
) -> None:
    """One signal: its definition, its parameters, and what it last said of each symbol."""
    from console.command_signals import show_signal as show

    raise typer.Exit(show(name, *_named_where(context, db, config), as_json))


@signals_app.command("check")
def signals_check(
    context: typer.Context,
    data: Annotated[list[str], typer.Option(help="recorded bars: a file, a folder or a glob; repeatable")],
    names: Annotated[list[str] | None, typer.Option("--signal", help="of this one only; repeatable")] = None,
    symbols: Annotated[str | None, typer.Option(help="BTCUSDT,ETHUSDT,...")] = None,
    timerange: Annotated[str | None, typer.Option(help="20210401-20231230")] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """How signals do on recorded bars: how often they speak, and whether they speak of what comes."""
    from console.command_signals import check_signals as judge

    _, config = _named_where(context, None, config)
    raise typer.Exit(judge(data, names or [], symbols, timerange, config, as_json))


@signals_app.command("enable")
def signals_enable(
    context: typer.Context,
    name: SignalName,
    db: Db = None,
    config: Config = None,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Compute a signal and let it take part, from the next decision on; without a weight it stays in shadow."""
    _switch(context, name, "on", db, config, reason, as_json)


@signals_app.command("disable")
def signals_disable(
    context: typer.Context,
    name: SignalName,
    db: Db = None,
    config: Config = None,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """The same as `shadow`."""
    _switch(context, name, "shadow", db, config, reason, as_json)


@signals_app.command("shadow")
def signals_shadow(
    context: typer.Context,
    name: SignalName,
    db: Db = None,
    config: Config = None,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Decide without a signal from the next decision on; it is computed, shown and recorded all the same."""
    _switch(context, name, "shadow", db, config, reason, as_json)


@signals_app.command("off")
def signals_off(
    context: typer.Context,
    name: SignalName,
    db: Db = None,
    config: Config = None,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Compute a signal no longer, from the next bar on."""
    _switch(context, name, "off", db, config, reason, as_json)


@signals_app.command("weight")
def signals_weight(
    context: typer.Context,
    name: SignalName,
    weight: Annotated[str, typer.Argument(help="share from 0 to 1, before its class is normalised to 1")],
    db: Db = None,
    config: Config = None,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Give a signal another weight, from the next decision on."""
    from console.command_control import weigh_signal as act

    raise typer.Exit(act(_meant(context, db, config), name, weight, reason, as_json))


@signals_app.command("method")
def signals_method(
    context: typer.Context,
    method: Annotated[
        str,
        typer.Argument(
            help="manual, equal, inverse-volatility, equal-risk, hierarchical or performance", metavar="NAME"
        ),
    ],
    db: Db = None,
    config: Config = None,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Weigh the signals by another method: estimated at once, in effect at a bar that the answer says."""
    from console.command_control import weigh_by as act

    raise typer.Exit(act(_meant(context, db, config), method, reason, as_json))


@signals_app.command("set")
def signals_set(
    context: typer.Context,
    name: SignalName,
    parameters: Annotated[
        list[str] | None, typer.Argument(help="window=30 stop_ranges=2.5, as `signals show` names them")
    ] = None,
    default: Annotated[bool, typer.Option("--default", help="back to the configuration")] = False,
    db: Db = None,
    config: Config = None,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Give a signal other parameters, all of them or none: its past is computed with them first."""
    from console.command_control import set_parameters as act

    raise typer.Exit(act(_meant(context, db, config), name, parameters or [], default, reason, as_json))


def _switch(
    context: typer.Context,
    name: str,
    state: str,
    db: Path | None,
    config: Path | None,
    reason: str,
    as_json: bool,
) -> None:
    from console.command_control import switch_signal as act

    raise typer.Exit(act(_meant(context, db, config), name, state, reason, as_json))


def _meant(context: typer.Context, db: Path | None, config: Path | None) -> Target:
    """The engine named behind the command, else the one named before it (`signals --db PATH disable A1`)."""
    return _target(*_named_where(context, db, config))


def _named_where(
    context: typer.Context, db: Path | None, config: Path | None
) -> tuple[Path | None, Path | None]:
    before_db, before_config = context.obj
    return db or before_db, config or before_config


def _target(db: Path | None, config: Path | None) -> Target:
    from console.command_target import find_target

    return find_target(db, config)
