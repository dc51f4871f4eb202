"""How opinions that contradict each other are settled. The defaults settle them by weight and by halving alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BlendRules:
    """`agreement_floor`: what is left of a forecast whose signals cancel out entirely (share).

    `confidence_netting`: a signal's say is its weight times its confidence, rather than its weight.
    `veto_below`: an overlay whose reading is below this lets no new exposure arise on its side; -1: never.
    `flip_margin`: the size a forecast must have to stand on the other side than the last one did; 0: any.
    `signal_cap`: the most that one signal may have of the say of those with an opinion (share); 1: all of it.
    """

    agreement_floor: float = 0.5
    confidence_netting: bool = False
    veto_below: float = -1.0
    flip_margin: float = 0.0
    signal_cap: float = 1.0


PLAIN_RULES = BlendRules()
