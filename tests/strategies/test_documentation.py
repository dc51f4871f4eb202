"""The page of signals says of each what its definition says."""

from pathlib import Path

from strategies.registry import BUILT_IN

PAGE = Path(__file__).resolve().parents[2] / "docs" / "signals.md"


def test_the_table_is_the_registry() -> None:
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines()]
    told = {row[0]: row[1:7] + row[8:] for row in rows if len(row) == 9 and row[0] != "id"}
    assert list(told) == [kind.name for kind in BUILT_IN]
    for kind in BUILT_IN:
        signal, settings = kind.build(kind.settings()), kind.settings()
        status = f"{'on' if settings.enabled else 'off'}, weight {settings.weight:g}"
        assert told[kind.name] == [
            signal.title,
            signal.signal_class.value,
            signal.type.value,
            signal.bar,
            str(signal.window),
            ", ".join(signal.fields),
            status,
        ]
