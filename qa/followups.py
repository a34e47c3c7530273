"""What a follow-up question means: takes over from earlier turns what a search needs, and no more.

Knows words and turns, nothing about notes, and needs no model.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import rjieba

from qa import followup_words as fw
from qa.glossary import Glossary
from qa.language import STOP_WORDS, has_han, normalize, search_terms, split_sentences
from qa.types import Turn

_MAX_TURNS = 6  # looked back over
_MAX_CARRIED = 3  # phrases: more of an old question drags the search to the old passages
_MAX_ITEM_PHRASES = 2  # of a listed item
_MAX_SUBJECT_TERMS = 8  # of X in "what about X"; longer, it is a question of its own
_GENERAL = fw.ASPECTS | fw.OCCASIONS | fw.CONTINUATIONS

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(f"[{_HAN}]+|[^\\W_{_HAN}]+(?:[-.'’_+&](?!s\\b)[^\\W_{_HAN}]+)*(?:\\+\\+|#)?")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A question as the search needs it."""

    text: str
    carried: tuple[str, ...] = ()  # phrases taken over, as they were written
    leans: bool = False  # on an earlier turn
    subject: str = ""  # of what was taken over, what "it" stands for; empty where the question names its own


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Words that stand in a text at [start, end)."""

    text: str
    start: int
    end: int


def resolve(question: str, history: Sequence[Turn], glossary: Glossary) -> Resolved:
    """The question with what it leaves out, taken from the turns before it, which come oldest first.

    One that stands alone comes back as it is. `carried` is empty for one that leans where nothing was found to carry.
    """
    history = history[-_MAX_TURNS:]
    if not history or not leans(question, glossary):
        return Resolved(question)
    answer = history[-1].answer
    earlier = resolve(history[-1].question, history[:-1], glossary).text
    topic = _texts(_topic(earlier))
    if is_continuation(question):
        return Resolved(earlier, tuple(topic), True, *topic[:1])
    bare = _bare(question)
    if (ordinal := fw.ORDINAL.search(bare)) and (item := _item(ordinal, earlier, answer)):
        return Resolved(_put(bare, ordinal, item), (item,), True, item)
    if (subject := _new_subject(question)) and not fw.PRONOUN.search(subject):
        return _in_frame(earlier, subject, glossary)
    meant = _asked_for(earlier, answer, glossary) or topic
    return Resolved(_put(bare, _unbound_pronoun(bare), " ".join(meant)), tuple(meant), True, *meant[:1])


def leans(question: str, glossary: Glossary) -> bool:
    """Whether a question cannot be understood without the turns before it."""
    if is_continuation(question) or points_back(question) or _new_subject(question):
        return True
    bare = _bare(question)
    phrases = _phrases(bare)
    if not any(len(phrase.text) > 1 for phrase in phrases):  # "k" alone names nothing either
        if fw.DEFINES.search(bare) or fw.COMPARES_TWO.search(bare):
            return False
        return len(_occasions(bare)) < 2 and (not phrases or bool(fw.QUESTION_WORD.search(bare)))
    if fw.CHOICE.match(bare):
        return True
    if len(phrases) > 1:
        return False
    has_lead = bool(fw.LEAD.match(question)) and not _is_name(phrases[0].text, glossary)
    return has_lead or bool(fw.WITH_ANOTHER.match(bare) or fw.NO_SUBJECT.match(bare))


def is_continuation(question: str) -> bool:
    """Whether a question only asks for more of the last answer: why, an example, more detail."""
    return not _phrases(question, fw.CONTINUATIONS)


def points_back(question: str) -> bool:
    """Whether a question has a pronoun or "the second one" whose meaning is not in the question itself."""
    bare = _bare(question)
    if _unbound_pronoun(bare):
        return True
    ordinal = fw.ORDINAL.search(bare)
    if not ordinal:
        return False
    before = _phrases(bare[: ordinal.start()])
    is_of_the_last = bool(before) and not fw.OF_IT.sub("", bare[before[-1].end : ordinal.start()])
    return len(before) < 2 and not (is_of_the_last and ordinal["zh"])


def own_words(question: str) -> list[str]:
    """The words of a question that say more than that it points back or asks for more."""
    rest = fw.PRONOUN.sub(" ", fw.ORDINAL.sub(" ", _bare(question)))
    return [word.text for word in _words(rest) if not _is_among(word.text, fw.CONTINUATIONS)]


def _bare(question: str) -> str:
    """The question without the words that tie it to the last one, and without its mark."""
    text = question.strip()
    while (match := fw.LEAD.match(text)) and match.end() < len(text):
        text = text[match.end() :]
    return text.rstrip("?？。.!！ \u3000")


def _words(text: str) -> Iterator[_Phrase]:
    for match in _TOKEN.finditer(text):
        start = match.start()
        # Without guessing: a wrong guess (它有, 的秩) would hide a function word.
        for word in rjieba.cut(match.group(), False) if has_han(match.group()) else [match.group()]:
            yield _Phrase(word, start, start + len(word))
            start += len(word)


def _phrases(text: str, passed_over: frozenset[str] = _GENERAL) -> list[_Phrase]:
    """Runs of words that name something, in order."""
    found: list[_Phrase] = []
    for word in _words(text):
        if _is_among(word.text, passed_over) and not (word.start and word.text in fw.NAMES):
            continue
        if found and text[found[-1].end : word.start] in ("", " "):
            start = found.pop().start
            found.append(_Phrase(text[start : word.end], start, word.end))
        else:
            found.append(word)
    return found


def _is_among(word: str, words: frozenset[str]) -> bool:
    """Whether a word is one of these, inflected or not, or a function word."""
    word = normalize(word)
    forms = (word, *(word[: -len(end)] for end in ("s", "d", "ed", "ing") if len(word) > 3 and word.endswith(end)))
    return word in STOP_WORDS or any(form in words for form in forms)


def _texts(phrases: Iterable[_Phrase]) -> list[str]:
    return list(dict.fromkeys(phrase.text for phrase in phrases))


def _topic(text: str) -> list[_Phrase]:
    """What a question is about; where it names nothing but general things, these."""
    return (_phrases(text) or _phrases(text, fw.CONTINUATIONS))[:_MAX_CARRIED]


def _occasions(text: str) -> list[str]:
    return [word.text for word in _words(text) if normalize(word.text) in fw.OCCASIONS]


def _is_name(text: str, glossary: Glossary) -> bool:
    return bool(glossary.concepts_in(text)) or any(letter.isupper() for letter in text)


def _unbound_pronoun(text: str) -> re.Match[str] | None:
    """The first pronoun whose antecedent is not in the question itself."""
    expletives = [match.span() for match in fw.EXPLETIVE.finditer(text)]
    for match in fw.PRONOUN.finditer(text):
        if not any(start <= match.start() < end for start, end in expletives) and not _is_bound(text, match):
            return match
    return None


def _is_bound(text: str, pronoun: re.Match[str]) -> bool:
    """Whether the question itself says before a pronoun what it stands for.

    "Adam" is meant by "it" in "What is Adam and how does it work", but not in "Why does Adam need it".
    """
    before, word = text[: pronoun.start()], pronoun.group().lower()
    phrases = _phrases(before)
    if word == "both" and re.search(r"\band\b", text[pronoun.end() :]):
        return True
    if not phrases or fw.COMPARED.match(before):
        return False
    if word in fw.TWO or fw.REFLEXIVE.fullmatch(word) or fw.CLAUSE_END.search(before, phrases[0].end):
        return True
    if word[0] in "这那":  # as an article: "Adam 里那个……"
        return not fw.OF_IT.sub("", before[phrases[-1].end :])
    return bool(fw.RELATIVE_START.search(before) and fw.RELATIVE_VERB.match(text, pronoun.end()))


def _new_subject(question: str) -> str:
    """X of "what about X", "and X" and "X 呢", where it is no question of its own; else empty."""
    bare = _bare(question)
    if about := fw.ABOUT.match(bare):
        subject = str(about["zh"] or about["en"])
    else:
        subject = bare if fw.LEAD.match(question) else ""
    if fw.QUESTION_WORD.search(subject) or len(search_terms(subject)) > _MAX_SUBJECT_TERMS:
        return ""
    return fw.BEFORE_SUBJECT.sub("", subject)


def _in_frame(earlier: str, subject: str, glossary: Glossary) -> Resolved:
    """The earlier question asked of another subject; where that is no thing of its own, asked of the same topic."""
    named, topic = _phrases(subject), _topic(earlier)
    if named and topic and not fw.BESIDE.search(subject):
        name = named[0].text
        replaced = max(topic, key=lambda phrase: _likeness(phrase.text, name))
        if _is_name(name, glossary) or _ends_alike(replaced.text, name):
            text = earlier[: replaced.start] + subject + earlier[replaced.end :]
            return Resolved(text, tuple(_texts(phrase for phrase in topic if phrase is not replaced)), leans=True)
    carried = _texts(topic)
    return Resolved(" ".join((*carried, subject)), tuple(carried), True, *carried[:1])


def _likeness(one: str, other: str) -> tuple[int, ...]:
    """How much two names look like names of the same kind of thing, the strongest sign first."""
    return (
        (len(one) == 1) == (len(other) == 1),
        _ends_alike(one, other),
        len(set(search_terms(one)) & set(search_terms(other))),
        has_han(one) == has_han(other),
        one.islower() == other.islower(),
    )


def _ends_alike(one: str, other: str) -> bool:
    """遗忘门 and 记忆门, "padding mask" and "causal mask"."""
    if has_han(one) and has_han(other):
        return one[-1] == other[-1]
    return " " in one and " " in other and normalize(one).split()[-1] == normalize(other).split()[-1]


def _asked_for(earlier: str, answer: str, glossary: Glossary) -> list[str]:
    """The name that answered a question for one ("which optimizer", 哪种归一化), else nothing."""
    sentences = split_sentences(answer)
    if not sentences or not fw.WHICH.search(earlier):
        return []
    known = set(search_terms(earlier))
    for phrase in _texts(_phrases(fw.PARENTHESIS.sub(" ", answer[slice(*sentences[0])]))):
        if _is_name(phrase, glossary) and not set(search_terms(phrase)) <= known:
            return [phrase]
    return []


def _item(ordinal: re.Match[str], earlier: str, answer: str) -> str:
    """What "the second one" is, of what the answer lists or the question before it names; empty where none is."""
    asked = [_enumerated(earlier), _texts(_topic(earlier))]
    if pair := ordinal["zh_pair"] or ordinal["en_pair"]:
        # A question that compares names the two; else they are in the answer: "Which ones suit deep networks?"
        lists = [*asked, *_lists(answer)] if fw.COMPARES_TWO.search(earlier) else [asked[0], *_lists(answer), asked[1]]
        number = 1 if pair.lower() in fw.FORMER else 2
    else:
        lists = [*_lists(answer), *asked]
        word = (ordinal["zh"] or ordinal["en"] or "last").lower()
        number = int(word) if word.isdecimal() else fw.NUMBERS.get(word, 0)  # 0: the last
    return next((items[number - 1] for items in lists if len(items) >= max(2, number)), "")


def _lists(answer: str) -> list[list[str]]:
    """What an answer lists item by item, and what it enumerates in one sentence."""
    answer = fw.PARENTHESIS.sub(" ", answer)
    starts = [match.end() for match in fw.ITEM_START.finditer(answer)]
    heads = [
        fw.ITEM_HEAD_END.split(answer[start:end], maxsplit=1)[0]
        for start, end in itertools.pairwise([*starts, len(answer)])
    ]
    items = [" ".join(_texts(_phrases(head)[:_MAX_ITEM_PHRASES])) for head in heads]
    sentences = [_enumerated(answer[start:end]) for start, end in split_sentences(answer)]
    return [[item for item in items if item], max(sentences, key=len, default=[])]


def _enumerated(sentence: str) -> list[str]:
    """The longest run of phrases with nothing but commas and "and" between them, if it has two."""
    runs: list[list[_Phrase]] = []
    for phrase in _phrases(sentence):
        if runs and fw.BETWEEN_ITEMS.fullmatch(sentence, runs[-1][-1].end, phrase.start):
            runs[-1].append(phrase)
        else:
            runs.append([phrase])
    longest = max(runs, key=len, default=[])
    return [phrase.text for phrase in longest] if len(longest) > 1 else []


def _put(text: str, place: re.Match[str] | None, words: str) -> str:
    """The text with words in the place of a pronoun, or before it all where there is none."""
    if not words:
        return text
    before, after = (text[: place.start()], text[place.end() :]) if place else ("", text)
    return " ".join(part for part in (before.strip(), words, after.strip()) if part)
