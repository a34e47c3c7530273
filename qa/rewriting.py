"""Asks a chat model to rewrite a follow-up question so that it stands alone, and checks what it wrote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from qa.chat import LocalChatModel, stream_text
from qa.followups import is_continuation, own_words, points_back
from qa.language import detect_language, estimate_tokens, has_han, normalize, search_terms
from qa.prompts import language_pattern
from qa.types import Language, Turn

_MAX_TURNS = 2
_MAX_TURN_TOKENS = 100
_MAX_REWRITTEN_TOKENS = 80

_SYSTEM: dict[Language, str] = {
    "zh": (
        "下面是一段对话和最后一个问题。请把最后一个问题改写成脱离对话也能看懂的问题："
        "把代词和省略的内容换成对话里的名称，其余字词不变，不要添加对话里没有的内容，不要回答。"
        "只输出一行改写后的问题。"
    ),
    "en": (
        "Below are a conversation and its last question. Rewrite the last question so that it can be understood without"
        " the conversation: put the names from the conversation in place of pronouns and of what is left out, keep the"
        " other words, add nothing that was not said, do not answer. Write only the rewritten question, on one line."
    ),
}
_LABELS: dict[Language, tuple[str, str, str]] = {
    "zh": ("问：", "答：", "最后一个问题："),
    "en": ("Q: ", "A: ", "Last question: "),
}
# A turn, the question after it, and that question rewritten.
_EXAMPLES: dict[Language, list[tuple[Turn, str, str]]] = {
    "zh": [
        (Turn("手冲咖啡用多高的水温？", "水温在 90 到 96 °C 之间。"), "那研磨度呢？", "手冲咖啡的研磨度是多少？"),
        (Turn("有哪些不用电的煮法？", "有法压壶和摩卡壶。"), "第二种要注意什么？", "摩卡壶要注意什么？"),
    ],
    "en": [
        (
            Turn("How hot should water for filter coffee be?", "Between 90 and 96 °C."),
            "And the grind?",
            "What should the grind for filter coffee be?",
        ),
        (
            Turn("Which brewers need no power?", "The French press and the moka pot."),
            "How do I clean the second one?",
            "How do I clean the moka pot?",
        ),
    ],
}


def rewritten(model: BaseChatModel, question: str, history: Sequence[Turn], timeout: float) -> str:
    """The question with nothing left out, in its language; empty where what the model wrote cannot stand for it.

    So it is for a question that is too long to be rewritten, and the model is not asked.

    Raises ModelUnreachable and ModelFailed.
    """
    if estimate_tokens(question) > _MAX_REWRITTEN_TOKENS:
        return ""
    language = detect_language(question)
    pattern = language_pattern(language, 1) if isinstance(model, LocalChatModel) else None
    messages = rewrite_messages(question, history, language)
    pieces = stream_text(
        model, messages, pattern=pattern, max_tokens=_MAX_REWRITTEN_TOKENS, stop=("\n",), timeout=timeout
    )
    text = "".join(pieces).strip()
    return text if is_sane_rewrite(text, question, history) else ""


def rewrite_messages(question: str, history: Sequence[Turn], language: Language) -> list[BaseMessage]:
    """The messages that ask for the question with nothing left out; all but the last are always the same."""
    messages: list[BaseMessage] = [SystemMessage(_SYSTEM[language])]
    for turn, follow_up, rewritten in _EXAMPLES[language]:
        messages += [HumanMessage(_task(follow_up, [turn], language)), AIMessage(rewritten)]
    return [*messages, HumanMessage(_task(question, history[-_MAX_TURNS:], language))]


def is_sane_rewrite(rewritten: str, question: str, history: Sequence[Turn]) -> bool:
    """Whether a rewriting may stand for the question.

    It is one short line in the question's language, keeps the question's own words, has no others than were said
    before, points back to nothing, and is no earlier question unless only more of its answer was asked for.
    """
    text = rewritten.strip()
    if not text or len(text.splitlines()) > 1 or estimate_tokens(text) > _MAX_REWRITTEN_TOKENS:
        return False
    if detect_language(text) != detect_language(question) or points_back(text):
        return False
    if not is_continuation(question) and normalize(text) in {normalize(turn.question.strip()) for turn in history}:
        return False
    said = " ".join([question, *(f"{turn.question} {turn.answer}" for turn in history)])
    return _has_all(text, own_words(question)) and _has_all(said, own_words(text))


def _has_all(text: str, words: Iterable[str]) -> bool:
    terms, plain = set(search_terms(text)), normalize(text)
    return all(normalize(word) in plain if has_han(word) else set(search_terms(word)) <= terms for word in words)


def _task(question: str, turns: Sequence[Turn], language: Language) -> str:
    asked, answered, last = _LABELS[language]
    said = "".join(f"{asked}{_short(turn.question)}\n{answered}{_short(turn.answer)}\n" for turn in turns)
    return f"{said}\n{last}{question.strip()}"


def _short(text: str) -> str:
    text = " ".join(text.split())
    while estimate_tokens(text) > _MAX_TURN_TOKENS:
        text = text[: len(text) * 3 // 4]
    return text
