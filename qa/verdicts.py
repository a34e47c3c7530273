"""Yes and no: whether a question wants one of them, and whether a sentence begins with one. Knows words only."""

from __future__ import annotations

import re

_WANTS_ZH = re.compile(r"吗|是否|([是会能要行对算该])不\1|可不可以|有没有|需不需要|应不应该|适不适合")
_WANTS_EN = re.compile(
    r"(?:^|[,:;.—–]\s+|\b(?:and|so|then|but)\s+)(?:is|are|was|were|do|does|did|can|could|may|might|should|would|will"
    r"|has|have|had|must)\b(?!.*\bor\b)",
    re.IGNORECASE,
)
_YES = re.compile(
    r"\W*(?:yes\b|(?:是的?|对的?|可以的?|能的?|会的?|需要的?|应该的?|适合的?|有的?|有可能|当然)(?=[，,。！!；;]|$))",
    re.IGNORECASE,
)
_VERDICT = re.compile(r"(?:yes|no)\b|不|没有|有(?=[，,。！!；;])|是|对|可以|能|会|需要|否", re.IGNORECASE)
_BARE = re.compile(
    r"\A\W*(?:yes|no|没有|有|(?:不?(?:是|对|可以|能|会|需要|用|必|行|一定|等于|应该|适合)|否|不)的?)[，,。！!；;:：]\s*",
    re.IGNORECASE,
)


def wants_verdict(question: str) -> bool:
    """Whether a question can be answered with yes or no."""
    return bool(_WANTS_ZH.search(question) or _WANTS_EN.search(question.strip()))


def says_yes(sentence: str) -> bool:
    """Whether a sentence begins with a bare yes: 是的，会，"Yes,"."""
    return bool(_YES.match(sentence))


def begins_with_verdict(sentence: str) -> bool:
    """Whether a sentence begins with what may answer yes or no."""
    return bool(_VERDICT.match(sentence))


def without_verdict(sentence: str) -> str:
    """A sentence without the bare yes or no that it begins with."""
    return _BARE.sub("", sentence)
