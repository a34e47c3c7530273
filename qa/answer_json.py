"""A whole `Answer` as one line of JSON and back, so that it can be shown again later just as it was.

Other than `json_values`, which prints what programs ask for, nothing is left out and nothing is renamed.
"""

from __future__ import annotations

import json

from pydantic import TypeAdapter, ValidationError

from qa.types import Answer

_ANSWER = TypeAdapter(Answer)


def write_answer(answer: Answer) -> str:
    """JSON that `read_answer` takes; what no file can hold, half of a surrogate pair, becomes a question mark."""
    value = json.dumps(_ANSWER.dump_python(answer, mode="json"), ensure_ascii=False, separators=(",", ":"))
    return value.encode("utf-8", "replace").decode("utf-8")


def read_answer(text: str) -> Answer:
    """The answer that was written. What came to `Answer` later has its default.

    Raises ValueError where a value has another type, is missing, or is one that no `Answer` has.
    """
    try:
        return _ANSWER.validate_json(text, strict=True, extra="forbid")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise ValueError(f"This is no stored answer: {place}: {first['msg']}.") from None
