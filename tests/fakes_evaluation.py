"""Notes that find and answer what a test tells them, and questions about them, for what measures both."""

from __future__ import annotations

import itertools

from qa.calibration import Calibration, shipped
from qa.evaluation import Retrieval, evaluate_retrieval
from qa.evidence import Evidence
from qa.found import Found
from qa.question_sets import Gold, Question
from qa.types import Answer, AnswerLanguage, Citation, Hit, Language, Note, Passage, Sentence

TEXT = "# 池化\r\n\r\n池化层缩小特征图。\r\n它没有参数。\r\n\r\n## B\r\n\r\nother\r\n"
NOTE = Note("cnn.md", "池化", TEXT, "0", "zh")
POOLING = Passage("cnn.md", "池化", ("池化",), TEXT[:26], 0, 26, 1, 4, "zh")
OTHER = Passage("cnn.md", "池化", ("池化", "B"), TEXT[30:43], 30, 43, 6, 8, "zh")
GOLD = (Gold("cnn.md", "缩小特征图"),)
ANSWERABLE = Question(
    "1", {"zh": "池化层做什么？", "en": "What does pooling do?"}, GOLD, {"zh": ("缩小|变小",), "en": ("shrink",)}
)
UNANSWERABLE = Question("2", {"zh": "今天天气？", "en": "Weather?"}, (), {"zh": (), "en": ()})
ENGLISH_ONLY = Question("3", {"en": "What does pooling do?"}, GOLD, {"zh": (), "en": ("shrink",)})
COVERED = Evidence(2.5, 2.5, 0.6, 0.9, 1.0, True)
NOT_COVERED = Evidence(-1.0, 0.2, 0.1, 0.0, 0.0, True)
QUOTED = Citation(1, POOLING, "池化层缩小特征图。\r\n它没有参数。", 3, 4)


def hits(*passages: Passage) -> list[Hit]:
    return [Hit(passage, rank, 1.0 / rank, rank, None, 0.8) for rank, passage in enumerate(passages, 1)]


def answer(text: str, *citations: Citation, language: Language = "zh", first_token: float | None = 0.5) -> Answer:
    timings = {} if first_token is None else {"first_token": first_token}
    said = (Sentence(language, text, tuple(c.number for c in citations), 0.1, "kept"),) if citations else ()
    return Answer("q", {language: text}, citations, (), not citations, timings=timings, sentences=said)


class ScriptedNotes:
    """Answers and finds what it was told, with the interface of NotesQA."""

    def __init__(self, found: dict[str, list[Hit]] | None = None, answers: dict[str, Answer] | None = None) -> None:
        self._found = found or {}
        self._answers = answers or {}

    def notes(self) -> dict[str, Note]:
        return {"cnn.md": NOTE}

    def calibration(self) -> Calibration:
        return shipped()

    def find(self, query: str, top_k: int = 5, topic: str | None = None) -> Found:
        hits = self._found.get(query, [])[:top_k]
        return Found(hits, COVERED if hits else NOT_COVERED)

    def ask(self, question: str, language: AnswerLanguage | None = None) -> Answer:
        return self._answers[question]


def measured(found: dict[str, list[Hit]], *questions: Question) -> Retrieval:
    """With a clock that moves on by a second with each look at it."""
    return evaluate_retrieval(ScriptedNotes(found), questions, clock=itertools.count().__next__)


FILES = {
    "cnn.md": "# 卷积网络笔记\n\n## 池化层的作用\n池化层缩小特征图，没有参数。\n\n## 卷积核的大小\n卷积核常取 3x3。\n",
    "opt.md": "# Optimizer notes\n\n## Weight decay in Adam\nDecay shrinks the weights at each step.\n\n"
    "## Nesterov momentum step\nMomentum looks ahead before the gradient.\n",
}
