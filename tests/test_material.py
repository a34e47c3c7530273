"""What an answer is drawn from."""

from __future__ import annotations

from fakes import WordEncoder

from qa.evidence import NOTHING
from qa.found import Found
from qa.glossary import Glossary
from qa.material import gather
from qa.passages import split_note
from qa.sentence_vectors import SentenceVectors
from qa.types import Hit, Note, Turn

NOTE = Note("a.md", "A", "# A\n\n## 一\n\n池化用来降维。\n\n## 二\n\n卷积核在图像上滑动。\n", "", "zh")


def found() -> Found:
    return Found([Hit(p, n, 1.0, n, n, 0.9) for n, p in enumerate(split_note(NOTE), 1)], NOTHING)


def test_task_and_grounds_number_the_same_passages() -> None:
    made = gather("池化？", found(), {"a.md": NOTE}.get, SentenceVectors(WordEncoder()), Glossary.load())
    assert [p.headings for p in made.task.passages] == [p.headings for p in made.grounds.passages]
    assert len(made.relevance) == len(made.grounds.statements)
    assert all(p.text in NOTE.text for p in made.grounds.passages)


def test_history_comes_along() -> None:
    turn = Turn("池化？", "降维。")
    made = gather("它呢？", found(), {"a.md": NOTE}.get, SentenceVectors(WordEncoder()), Glossary.load(), [turn])
    assert made.task.history == (turn,)


def test_nothing_found_is_no_material() -> None:
    made = gather("池化？", Found([], NOTHING), {}.get, SentenceVectors(WordEncoder()), Glossary.load())
    assert made.task.passages == ()
    assert not made.grounds


def test_task_has_the_names_of_what_its_passages_say_in_the_other_language() -> None:
    made = gather("卷积核？", found(), {"a.md": NOTE}.get, SentenceVectors(WordEncoder()), Glossary.load())
    assert made.task.terms == {"zh": [], "en": [("卷积核", "convolution kernel")]}


def test_follow_up_is_answered_from_what_names_its_subject_or_what_it_names_itself() -> None:
    def headings(question: str, subject: str) -> list[str]:
        vectors, glossary = SentenceVectors(WordEncoder()), Glossary.load()
        made = gather(question, found(), {"a.md": NOTE}.get, vectors, glossary, subject=subject)
        return [passage.headings[-1] for passage in made.grounds.passages]

    assert headings("它怎么动？", "卷积核") == ["二"]
    assert headings("它怎么动？", "convolution kernel") == ["二"]
    assert headings("它和池化层有什么区别？", "卷积核") == ["一", "二"]
    assert headings("它怎么动？", "梯度裁剪") == ["一", "二"]  # nothing names it: then all may be meant
    assert headings("卷积核怎么动？", "") == ["一", "二"]


def test_question_with_a_sure_name_is_answered_from_what_names_anything_in_it() -> None:
    note = Note("a.md", "A", "# A\n\n## 一\n\nGRU 有两个门。\n\n## 二\n\n卷积核在图像上滑动。\n", "", "zh")
    hits = Found([Hit(p, n, 1.0, n, n, 0.9) for n, p in enumerate(split_note(note), 1)], NOTHING)

    def headings(question: str) -> list[str]:
        made = gather(question, hits, {"a.md": note}.get, SentenceVectors(WordEncoder()), Glossary.load())
        return [passage.headings[-1] for passage in made.grounds.passages]

    assert headings("GRU 有几个门？") == ["一"]
    assert headings("GRU 里有卷积核吗？") == ["一", "二"]
    assert headings("GRU 和 LSTM 里有卷积核吗？") == ["一"]
    assert headings("LSTM 有几个门？") == ["一", "二"]  # nothing names it: then the evidence decides
    assert headings("有几个门？") == ["一", "二"]
