"""How probable it is that the notes answer a question: by the search, by the chat model's word and by what is named."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.calibration import Calibration
from qa.chat import LocalChatModel
from qa.evidence import Evidence
from qa.grounds import Grounds
from qa.material import Material
from qa.prompts import check_messages, yes_no
from qa.telling import Teller
from qa.writing import Task

# "What is the formula of nDCG?" is not answered by what says what nDCG is for. A picture may show one.
_ASKS_FORMULA = re.compile(
    r"什么公式|公式(?:是(?:什么|啥|怎)|怎么写|如何写|呢|\s*[?？]|\s*$)|\b(?:what|which)\b[^,.?]*\bformulas?\b",
    re.IGNORECASE,
)
_FORMULA = re.compile(
    r"[=≈∝]|\$|!\[|\\frac|等于|除以|乘以|之比|比值|之和|平均"
    r"|\b(?:equals?|divided|multipl\w+|times|sum|ratio|product|average|mean)\b",
    re.IGNORECASE,
)


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
    if not task.passages or (_ASKS_FORMULA.search(task.question) and not _holds_formula(material.grounds)):
        return 0.0
    telling = teller.highest(material.relevance) if teller else None
    said = margin(model, task) if model is not None and telling is None else None
    is_unnamed = any(not name.islower() or " " in name for name in unnamed)
    return calibration.chance(evidence, said, task.language, telling, is_unnamed)


def _holds_formula(grounds: Grounds) -> bool:
    return any(_FORMULA.search(passage.text) for passage in grounds.passages)


def margin(model: LocalChatModel, task: Task) -> float:
    """The model's log-odds of yes over no that the excerpts state the answer."""
    yes, no = yes_no(task.language)
    terms = task.terms.get(task.language, ())
    chances = model.choose(check_messages(task.question, task.passages, task.language, task.history, terms), (yes, no))
    return chances[yes] - chances[no]
