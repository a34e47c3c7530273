"""What a question asks for, as the search takes it: its words, its concepts, and its text in the other language."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

import rjieba

from qa.glossary import Glossary
from qa.language import PLURAL_INITIALS, detect_language, has_han, normalize, search_terms
from qa.lexical import Unit
from qa.types import OTHER, Language

CONCEPT_WEIGHT = 1.5  # of a concept of the glossary, against 1 of a term outside it
_LANGUAGES = frozenset({"english", "chinese", "mandarin"})  # what to answer in, not what to answer about
_SHORTEST_PART = 2  # letters: "k" and "means" stand in many notes that do not speak of k-means
_LONG_PART = 3  # letters of a part that makes a name another one: Soft-NMS
_SPECIFIC = 3  # Chinese characters: 作用 is in the glossary too, but names nothing
# Words of any question beside the stop words: notes that answer it do not say them.
_ASKING_ZH = """
怎么办 怎么回事 怎么样 怎么做 什么样 干什么 干嘛 是不是 能不能 会不会 要不要 行不行 好不好 有没有 对吗 好吗 谁
多大 多久 多长 长时间 多长时间 指的 用的 说的 讲的 算是 就行 不行 举个 例子 关于 除了 提到 笔记 说法
分别 各自 具体 到底 究竟 大概 一共 一边 明明 想 跟 老 却 只 才 还 又 再 更 太 挺
"""
_ASKING_EN = "much many else actually exactly really just too happen rid get thing somebody anybody note"
_ASKING = frozenset((*_ASKING_ZH.split(), *search_terms(_ASKING_EN)))
_WHICH = re.compile("哪[几些个种类里儿来样位年]?[个种类项点步]?")
# Two characters that no dictionary has, one of which is part of no name, are where two words meet: 该用, 是由.
_JOINT = re.compile("[\u4e00-\u9fff]?[的了吗呢吧是该就都也很哪它这那谁把被由会要能得着][\u4e00-\u9fff]?")
_INDEXED = re.compile(r"([a-z]{1,2})(\d{1,2}(?:\.\d{1,2})?)")
_NAME = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9]*(?:[-.+][A-Za-z0-9]+)*(?:\+\+|#)?(?![A-Za-z0-9])")
_VERSION = re.compile(r"v\d{1,2}(?:\.\d+)*", re.IGNORECASE)  # a note writes YOLOv3
_OF_KIND = re.compile(r"-(?:style|like|based|type|family)$", re.IGNORECASE)  # a GPT-style model is one like GPT


@dataclass(frozen=True, slots=True)
class Query:
    """A question as the search takes it."""

    text: str
    language: Language
    units: tuple[Unit, ...]  # its terms, and its concepts by all of their names
    words: tuple[Unit, ...]  # its terms alone, those of concepts too
    said: tuple[Unit, ...]  # the same by the names in its own language alone
    other_names: tuple[Unit, ...]  # its concepts by their names in the other language alone
    expanded: str  # the text with the usual names of its concepts in the other language
    translated: str = ""  # into the other language; empty where nobody did
    translated_units: tuple[Unit, ...] = ()
    names: tuple[Unit, ...] = ()  # what it names, see `named_units`; empty where nobody looked


def understand(text: str, glossary: Glossary, translated: str = "") -> Query:
    """The concepts that a question names in either language, and its terms outside of them, each a unit."""
    language = detect_language(text)
    concepts = glossary.concepts_in(text)
    named = [Unit(_alternatives((*concept.zh, *concept.en)), CONCEPT_WEIGHT) for concept in concepts]
    absorbed = {term for concept in concepts for term in _terms_of((*concept.zh, *concept.en))}
    all_terms = list(dict.fromkeys(search_terms(text)))
    asked = [term for term in all_terms if not _only_asks(term)]
    said = asked if asked or concepts else all_terms
    terms = [Unit(_spellings(term)) for term in said if term not in absorbed]
    here, there = ([getattr(concept, of) for concept in concepts] for of in (language, OTHER[language]))
    return Query(
        text,
        language,
        (*terms, *named),
        tuple(Unit(((term,),)) for term in said),
        (*terms, *(Unit(_alternatives(names)) for names in here)),
        tuple(Unit(_alternatives(names)) for names in there),
        " ".join((text, *(names[0] for names in there))),
        translated,
        understand(translated, glossary).units if translated else (),
    )


def named_units(text: str, glossary: Glossary) -> list[tuple[str, Unit]]:
    """The names in a question, as it writes them, each with the unit of all its names.

    A name is a concept of the glossary, in Chinese one of three characters at least, or a Latin word that is no
    ordinary one: in a Chinese question any, in an English one that with a digit, or with a capital that does not begin
    the sentence.
    """
    found: list[tuple[str, Unit]] = []
    plain = normalize(text)
    absorbed: set[str] = set()
    for concept in glossary.concepts_in(text):
        names = (*concept.zh, *concept.en)
        written = next((name for name in sorted(names, key=len, reverse=True) if normalize(name) in plain), "")
        absorbed |= _terms_of(names)
        if not written:  # in another spelling: Bayesian optimisation
            continue
        unit = Unit(_alternatives(names), CONCEPT_WEIGHT)
        if not has_han(written) or len(written) >= _SPECIFIC:
            start = plain.find(normalize(written))
            same_length = len(plain) == len(text)
            found.append((text[start : start + len(written)] if same_length else written, unit))
    for name in proper_names(text):
        terms = _terms(name)
        added = {part for part in _terms(name) if part.isalpha() and len(part) >= _LONG_PART} - absorbed
        if terms and (added if "-" in name else not absorbed.intersection(terms)):
            parts = [part for part in re.split("[-.+_]", name) if part]
            spelt = (name, " ".join(parts), "".join(parts))
            found.append((name, Unit((*_alternatives(spelt), *_spellings(normalize(name))[1:]))))
    return list({name: (name, unit) for name, unit in found}.values())


def proper_names(text: str) -> list[str]:
    """The Latin words that are no ordinary ones: in Chinese any, in English those with a digit, or with a capital that
    does not begin the sentence. The name of the language to answer in is none, nor is "v3"."""
    chinese = detect_language(text) == "zh"
    found = []
    for match in _NAME.finditer(text):
        name = PLURAL_INITIALS.sub("", _OF_KIND.sub("", match.group()))
        at_start = not text[: match.start()].strip() or text[: match.start()].rstrip()[-1:] in ".?!。？！"
        proper = chinese or any(c.isdigit() for c in name) or name[1:] != name[1:].lower()
        proper = proper or (name[0].isupper() and not at_start)
        if proper and len(name) > 1 and name.lower() not in _LANGUAGES and not _VERSION.fullmatch(name):
            found.append(name)
    return found


def subject_name(text: str, glossary: Glossary) -> str:
    """The name that a question names first, as it writes it; empty where that is no name for sure, or there is none.

    A Latin word without a capital or a digit may be an ordinary one, though the glossary has it.
    """
    plain = normalize(text)
    concepts = [name for concept in glossary.concepts_in(text) for name in (*concept.zh, *concept.en)]
    first = min((at for name in concepts if (at := plain.find(normalize(name))) >= 0), default=len(plain))
    names = [name for name, _ in named_units(text, glossary) if has_han(name) or not name.islower()]
    name = min(names, key=text.find, default="")
    return name if name and plain.find(normalize(name)) <= first else ""


def is_part_of_words(name: str, text: str) -> bool:
    """Whether what a text seems to name are two words of it, the first of which begins before: 单样本 of 简单样本."""
    plain, at = normalize(text), 0
    start = plain.find(normalize(name))
    end = start + len(name)
    for word in rjieba.cut(plain[:end]):
        if at < start < at + len(word) < end:
            return has_han(word) and rjieba.has_word(word) and rjieba.has_word(plain[at + len(word) : end])
        at += len(word)
    return False


def name_unit(name: str) -> Unit:
    """What a text must hold to have a name."""
    return Unit(_alternatives((name,)))


def other_language(text: str) -> Language:
    """The language that a question is not in."""
    return OTHER[detect_language(text)]


def _only_asks(term: str) -> bool:
    """Whether a term of a question names nothing."""
    if term in _ASKING or _WHICH.fullmatch(term):
        return True
    return len(term) == 2 and bool(_JOINT.fullmatch(term)) and not rjieba.has_word(term)


def _alternatives(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """The terms of each name; of a name with hyphens without the whole, since notes write it with spaces too."""
    found: dict[tuple[str, ...], None] = {}
    for name in names:
        terms = _terms(name)
        parts = tuple(term for term in terms if "-" not in term)
        whole = len(parts) == len(terms) or not parts or min(map(len, parts)) < _SHORTEST_PART
        if terms:
            found[terms if whole else parts] = None
    return tuple(found)


def _spellings(term: str) -> tuple[tuple[str, ...], ...]:
    """A term of a question, and as formulas write it: F2 is F_2 or F_{2} there."""
    indexed = _INDEXED.fullmatch(term)
    if not indexed:
        return ((term,),)
    letters, number = indexed.groups()
    return ((term,), _terms(f"{letters} {number}" if "." in number else f"{letters}_{number}"))


def _terms_of(names: Iterable[str]) -> set[str]:
    return {term for name in names for term in _terms(name)}


@functools.lru_cache(maxsize=16384)
def _terms(name: str) -> tuple[str, ...]:
    """The terms of a name, each once: the glossary's names are asked for again and again."""
    return tuple(dict.fromkeys(search_terms(name)))
