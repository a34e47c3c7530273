"""What a search gives: the hits, the evidence, and the question as it was compared with the notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qa.evidence import Evidence
from qa.lexical import Unit
from qa.senses import Vector
from qa.types import Hit, Language


@dataclass(frozen=True, slots=True)
class Asked:
    """What a search made of the question, to compare other texts with it in the same way."""

    language: Language
    vector: Vector
    level: float | None  # mean cosine of the question and the passages in its language; None where there is none
    centred: Vector  # less what all questions share
    common: Mapping[Language, Vector]  # what the passages of each language share
    units: tuple[Unit, ...]
    weights: tuple[float, ...]  # of the units, by how rare they are in the notes


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search, best first."""

    hits: list[Hit]
    evidence: Evidence
    state: str = ""  # identity of the state of the index that was searched
    whole: bool = True  # nothing that would have helped was late or failed
    asked: Asked | None = field(default=None, compare=False)  # None where no encoder is there
