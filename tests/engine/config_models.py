"""Every section's model, as the command line composes them; run as a module, this writes config.toml anew."""

from pathlib import Path

from console.config import ConsoleConfig
from engine.config import section_models
from engine.config_reference import reference

CALLERS_SECTIONS = {"console": ConsoleConfig}
MODELS = section_models(CALLERS_SECTIONS)
CONFIG_FILE = Path(__file__).resolve().parents[2] / "config.toml"

if __name__ == "__main__":
    CONFIG_FILE.write_text(reference(MODELS), encoding="utf-8")
