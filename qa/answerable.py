"""How probable it is that the notes answer a question: by the search, by the chat model's word and by what is named."""

from __future__ import annotations

from collections.abc import Sequence

from qa.asked_types import lacks_type
from qa.calibration import Calibration
from qa.chat import LocalChatModel
from qa.evidence import Evidence
from qa.material import Material
from qa.prompts import check_messages, yes_no
from qa.telling import Teller
from qa.writing import Task


def chance(
    model: LocalChatModel | None,
    teller: Teller | None,
    evidence: Evidence,
    material: Material,
    calibration: Calibration,
    unnamed: Sequence[str],
) -> float:
    """0 to 1. The model is asked about single sentences where it can tell, else about all excerpts.

    `unnamed` are the names in the question that no note has; one word in small letters may be an ordinary one.
    """
    task = material.task
    if not task.passages or lacks_type(task.question, material.grounds):
        return 0.0
    telling = teller.highest(material.relevance) if teller else None
    said = margin(model, task) if model is not None and telling is None else None
    is_unnamed = any(not name.islower() or " " in name for name in unnamed)
    return calibration.chance(evidence, said, task.language, telling, is_unnamed)


def margin(model: LocalChatModel, task: Task) -> float:
    """The model's log-odds of yes over no that the excerpts state the answer."""
    yes, no = yes_no(task.language)
    terms = task.terms.get(task.language, ())
    chances = model.choose(check_messages(task.question, task.passages, task.language, task.history, terms), (yes, no))
    return chances[yes] - chances[no]
