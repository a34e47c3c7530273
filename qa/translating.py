"""The question in the other language, by the chat model: short, remembered, and given up when it is late."""

from __future__ import annotations

import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import TYPE_CHECKING

from qa.errors import NotesQAError
from qa.language import estimate_tokens, han_share, has_han
from qa.question_names import Lost, with_words
from qa.types import Language

if TYPE_CHECKING:  # imported with the first model: a search without one does without LangChain
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

    from qa.prompts import Terms

SECONDS = 4.0  # that a question waits for its translation at most
_REMEMBERED = 512  # questions
_MAX_QUESTION_TOKENS = 120  # a longer one is a text, whose own words find more than a late translation
_MOST_TOKENS = 96  # of a translation
_MOST_NAMES = 6  # that a translation is given

_SYSTEM: dict[Language, str] = {
    "en": "Translate the question into English. Keep names, formulas and code as they are; use the given terms. "
    "Write only the translation, on one line.",
    "zh": "把问题翻译成中文。专有名词译成通用的中文名，给出的术语照用，公式和代码保持原样。只输出译文，一行。",
}
# Questions and their translations into each language.
_EXAMPLES: dict[Language, tuple[tuple[str, str], ...]] = {
    "en": (
        (
            "Terms: 浅烘焙 = light roast\n为什么用沸水冲浅烘焙的咖啡会发苦？",
            "Why does brewing a light roast with boiling water make it bitter?",
        ),
        ("谁在1969年第一个登上月球？", "Who was the first to walk on the moon in 1969?"),
        ("快速排序", "quicksort"),
    ),
    "zh": (
        (
            "术语：light roast = 浅烘焙\nWhy does brewing a light roast with boiling water make it bitter?",
            "为什么用沸水冲浅烘焙的咖啡会发苦？",
        ),
        ("Who was the first to walk on the moon in 1969?", "谁在1969年第一个登上月球？"),
        ("quicksort", "快速排序"),
    ),
}

_CHATTER = re.compile(
    r"^<|[:：]$|^(?:sure|okay|ok|certainly|of course|here(?: is|'s)|i['’]?m sorry|i am sorry|sorry|i can(?:no|'|’)t"
    r"|as an ai|the translation|translation|好的|当然|以下是|抱歉|对不起|译文)\b",
    re.IGNORECASE,
)

GetModel = Callable[[], "BaseChatModel | None"]
GetNames = Callable[[str, Language], "Terms"]  # those in a question with their names in a language
GetLost = Callable[[str, str, Language, "Terms"], Lost]  # of question, translation, language, and names that were told
_Asked = tuple[str, Language, "Terms"]

_log = logging.getLogger(__name__)


class Translator:
    """Translates questions with a chat model that is already loaded; may be shared by threads."""

    def __init__(
        self,
        get_model: GetModel,
        seconds: float = SECONDS,
        get_names: GetNames = lambda *_: (),
        get_lost: GetLost = lambda *_: Lost(),
    ) -> None:
        """`get_model` gives the model where it is loaded, else None; it never loads one. `get_names` gives what a
        question names, with its names in a language; `get_lost` what a translation lacks of that."""
        self._get_model = get_model
        self._get_names = get_names
        self._get_lost = get_lost
        self._seconds = seconds
        self._known: OrderedDict[tuple[str, Language, Terms], str] = OrderedDict()
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(2, "translate")

    def translate(self, question: str, language: Language) -> str | None:
        """The question in a language; empty where no model is loaded or what it wrote is no translation, None where it
        is late or fails.

        A question is translated once, and a second time where names are lost and there is time. Raises what `get_names`
        does; without a translation the search does without.
        """
        names = tuple(self._get_names(question, language))[:_MOST_NAMES]
        key = (question, language, names)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        model = self._get_model()
        if model is None or estimate_tokens(question) > _MAX_QUESTION_TOKENS:
            return ""
        given_up = threading.Event()
        so_far: list[str] = []
        try:
            work = self._thread.submit(self._translated, model, key, given_up, so_far)
        except RuntimeError:  # closed meanwhile
            return None
        try:
            work.result(self._seconds)
        except CancelledError:  # closed meanwhile
            return None
        except TimeoutError:
            given_up.set()
            work.cancel()
            _log.info("Translating the question took more than %g seconds", self._seconds)
        except NotesQAError as error:
            _log.warning("Translating the question failed: %s", error)
        if not so_far:
            return None
        translated = so_far[-1]
        with self._lock:
            self._known[key] = translated
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return translated

    def _translated(self, model: BaseChatModel, asked: _Asked, given_up: threading.Event, so_far: list[str]) -> None:
        """Puts the translation into `so_far`, empty where it is none, then the second one where that lacks less."""
        question, language, names = asked
        first = _written(model, asked, self._seconds, given_up)
        if given_up.is_set():
            return
        if not is_sane_translation(first, question, language):
            so_far.append("")
            return
        so_far.append(first)
        lost = self._get_lost(question, first, language, names)
        if not lost:
            return
        told = (*names, *((name, name) for name in lost.names))
        again = with_words(question, lost.words)
        second = _written(model, (again, language, told), self._seconds, given_up)
        if given_up.is_set() or not is_sane_translation(second, question, language):
            return
        if self._get_lost(question, second, language, names).is_less_than(lost):
            so_far.append(second)

    def close(self) -> None:
        """End the threads once what they are at is done."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def translation_messages(question: str, language: Language, names: Terms = ()) -> list[BaseMessage]:
    """The messages that ask for a question in a language, with these names; all but the last are always the same."""
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    from qa.prompts import terms_line

    messages: list[BaseMessage] = [SystemMessage(_SYSTEM[language])]
    for asked, translated in _EXAMPLES[language]:
        messages += [HumanMessage(asked), AIMessage(translated)]
    return [*messages, HumanMessage(terms_line(names, language) + question.strip())]


def is_sane_translation(text: str, question: str, language: Language) -> bool:
    """Whether a text can be the question in a language: one line in it, of about the question's length."""
    if is_chatter(text) or len(text.splitlines()) > 1 or estimate_tokens(text) > 3 * estimate_tokens(question) + 16:
        return False
    return has_han(text) if language == "zh" else han_share(text) < 0.1


def is_chatter(text: str) -> bool:
    """Whether a text is no translation but what models say before one, or instead of one; so is an empty one."""
    return not text or bool(_CHATTER.search(text))


def _written(model: BaseChatModel, asked: _Asked, seconds: float, given_up: threading.Event) -> str:
    from qa.chat import LocalChatModel, stream_text
    from qa.prompts import language_pattern

    question, language, names = asked
    pattern = language_pattern(language, 1) if isinstance(model, LocalChatModel) else None
    pieces = stream_text(
        model,
        translation_messages(question, language, names),
        pattern=pattern,
        max_tokens=_MOST_TOKENS,
        stop=("\n",),
        timeout=seconds,
    )
    text = ""
    try:
        for piece in pieces:
            text += piece
            if given_up.is_set():
                break
    finally:
        pieces.close()
    return " ".join(text.split())
