"""All words that users read in the page, in Chinese and English, and which of the two a browser gets."""

from __future__ import annotations

import re
from collections.abc import Mapping

import gradio as gr
from starlette.requests import Request

from qa import errors, words
from qa.types import LANGUAGES, Language
from qa.ui.history_words import HISTORY_WORDS
from qa.ui.notes_words import NOTES_WORDS

_CHOSEN = re.compile(r"(?:^|;\s*)nq-language=(zh|en)\s*(?:;|$)")  # the cookie that the page's script sets

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "title": "问笔记",
        "chat": "对话",
        "your_question": "你的问题",
        "an_answer": "回答",
        "footer": "页脚",
        "empty_chat": "问一个笔记里的问题，例如一个概念、一段比较或一个公式。",
        "question": "问题",
        "question_hint": "输入问题",
        "send": "发送",
        "stop": "停止",
        "new_chat": "新对话",
        "answer_language": "回答语言",
        "language_auto": "自动",
        "language_zh": "中文",
        "language_en": "English",
        "language_both": "双语",
        "topic": "范围",
        "all_notes": "全部笔记",
        "sources": "来源",
        "no_sources": "回答所依据的笔记段落会显示在这里。",
        "nothing_found": "没有找到相关段落。",
        "also_found": "其他相关段落",
        "searched": "找到的段落",
        "lines": "第 {start}-{end} 行",
        "line": "第 {start} 行",
        "searching": "正在查找笔记…",
        "writing": "正在根据笔记作答…",
        "stopped": "已停止。",
        "abstained": "笔记中没有答案",
        "extract": "笔记原文（回答正在生成）",
        "quoted": "笔记原文",
        "general": "以下来自模型的一般知识，不在你的笔记中，也没有出处",
        "forgotten": "更早的 {turns} 轮对话没有用到。",
        "conflict": "笔记之间说法不一：{pairs}。请打开来源对照。",
        "and": "与",
        "list_comma": "、",
        "colon": "：",
        "model_loading": "对话模型正在加载；现在就可以提问，加载完成后开始回答。",
        "model_ready": "本地模型：{name}",
        "model_failed": "对话模型不可用。",
        "rebuild": "更新索引",
        "rebuild_running": "正在更新索引…",
        "stage_encode": "正在编码段落",
        "stage_read": "正在读取笔记",
        "stage_unpack": "正在解压模型",
        "stage_chat_convert": "正在转换对话模型",
        "stage_chat_measure": "正在比较推理引擎",
        "stage_split": "正在切分笔记",
        "stage_store": "正在写入索引",
        "stage_wait": "等待正在写索引的程序",
        "stage_other": "正在处理",
        "fresh": "笔记已全部编入索引（{age}）。",
        "refreshed": "{count} 篇笔记有变动，已更新索引（{age}）。",
        "just_now": "刚刚",
        "under_a_minute": "不到 1 分钟前",
        "minutes_ago": "{minutes} 分钟前",
        "way_meaning": "语义",
        "way_words": "词语",
        "way_glossary": "术语对照",
        "way_translation": "译文",
        "why_meaning": "意思与问题相近",
        "why_words": "含有问题中的词语",
        "why_glossary": "含有问题中术语的另一种语言的说法",
        "why_translation": "与译成另一种语言的问题相符",
        "also_in": "同样的内容还在：{places}",
        "progress": "{stage}：{done} / {total}",
        "pace": "，每秒 {rate}，约剩 {left} 秒",
        "unchanged": "笔记没有变化。",
        "updated_index": "索引已更新。",
        "added": "新增 {count} 篇",
        "updated": "修改 {count} 篇",
        "deleted": "删除 {count} 篇",
        "skipped": "跳过 {count} 个文件",
        "more_names": "另有 {count} 个",
        "passages": "共 {passages} 段，新编码 {embedded} 段，沿用 {reused} 段，用时 {seconds} 秒。",
        "interface_other": "English",
        "appearance": "深浅色",
        "empty_title": "向你的笔记提问",
        "empty_corpus": "还没有笔记",
        "empty_corpus_how": "把 .md 文件放进笔记文件夹，几秒后就能提问。",
        "about_heading": "笔记里怎么讲“{name}”？",
        "basis": "依据",
        "basis_notes": "只答笔记支持的",
        "basis_mark": "标出没有依据的",
        "basis_general": "允许一般知识",
        "again": "重新回答",
        "edit": "修改问题",
        "keep": "取消修改",
        "copy": "复制回答",
        "in_zh": "用中文回答",
        "in_en": "用英文回答",
        "markdown": "回答的 Markdown 文本",
        "pick": "打开来源",
        "open_note": "打开笔记",
        "back": "返回来源",
        "note_changed": "回答之后，这篇笔记改过，引用的段落已经不是原样。",
        "note_gone": "回答之后，这篇笔记已被删除或移走。下面是当时读到的段落。",
        "sources_changed": "回答之后改过的笔记：{names}。可以重新回答。",
        "older": "来源对应的问题：{question}",
        "found_because": "为什么找到这一段",
        "rank_meaning": "按语义排第 {rank}（余弦 {cosine}）",
        "rank_words": "按词语排第 {rank}",
        "rank_fused": "合并后排第 {rank}（得分 {score}）",
        "no_model": "没有对话模型，回答直接引用笔记原文。运行 notes-qa models 可以查看并选用模型。",
        "unexpected": "出现了意料之外的错误，详情见运行 notes-qa 的终端。",
    },
    "en": {
        "title": "Ask your notes",
        "chat": "Conversation",
        "your_question": "Your question",
        "an_answer": "Answer",
        "footer": "Footer",
        "empty_chat": "Ask something that your notes cover: a concept, a comparison, a formula.",
        "question": "Question",
        "question_hint": "Ask a question",
        "send": "Send",
        "stop": "Stop",
        "new_chat": "New chat",
        "answer_language": "Answer in",
        "language_auto": "Auto",
        "language_zh": "中文",
        "language_en": "English",
        "language_both": "Both",
        "topic": "Look in",
        "all_notes": "All notes",
        "sources": "Sources",
        "no_sources": "The passages that an answer rests on appear here.",
        "nothing_found": "No passage was found.",
        "also_found": "Also found",
        "searched": "Passages found",
        "lines": "L{start}-L{end}",
        "line": "L{start}",
        "searching": "Searching the notes…",
        "writing": "Writing an answer from the notes…",
        "stopped": "Stopped.",
        "abstained": "Not in the notes",
        "extract": "From your notes, while the answer is written",
        "quoted": "From your notes, word for word",
        "general": "General knowledge of the model: not from your notes, without sources",
        "forgotten": "Earlier turns that were not used: {turns}.",
        "conflict": "The notes disagree: {pairs}. Open the sources to compare them.",
        "and": " and ",
        "list_comma": ", ",
        "colon": ": ",
        "model_loading": "The chat model is loading. You can ask now; the answer starts when it is ready.",
        "model_ready": "Local model: {name}",
        "model_failed": "The chat model is not available.",
        "rebuild": "Refresh index",
        "rebuild_running": "Refreshing the index…",
        "stage_encode": "Encoding passages",
        "stage_read": "Reading notes",
        "stage_unpack": "Unpacking the model",
        "stage_chat_convert": "Converting the chat model",
        "stage_chat_measure": "Comparing the chat engines",
        "stage_split": "Splitting notes",
        "stage_store": "Writing the index",
        "stage_wait": "Waiting for the program that is writing the index",
        "stage_other": "Working",
        "fresh": "All notes are indexed ({age}).",
        "refreshed": "Notes changed: {count}. The index was refreshed ({age}).",
        "just_now": "just now",
        "under_a_minute": "less than a minute ago",
        "minutes_ago": "{minutes} min ago",
        "way_meaning": "meaning",
        "way_words": "words",
        "way_glossary": "glossary",
        "way_translation": "translation",
        "why_meaning": "Close to the question in meaning",
        "why_words": "Contains words of the question",
        "why_glossary": "Names the question's terms in the other language",
        "why_translation": "Matches the question as translated into the other language",
        "also_in": "The same text is also in: {places}",
        "progress": "{stage}: {done} of {total}",
        "pace": ", {rate} a second, about {left} s left",
        "unchanged": "The notes have not changed.",
        "updated_index": "The index is up to date.",
        "added": "{count} added",
        "updated": "{count} updated",
        "deleted": "{count} deleted",
        "skipped": "{count} skipped",
        "more_names": "{count} more",
        "passages": "{passages} passages, {embedded} newly encoded, {reused} reused, {seconds} s.",
        "interface_other": "中文",
        "appearance": "Light or dark",
        "empty_title": "Ask your notes",
        "empty_corpus": "No notes yet",
        "empty_corpus_how": "Put .md files into the folder of notes; a few seconds later you can ask about them.",
        "about_heading": "What do my notes say about “{name}”?",
        "basis": "Based on",
        "basis_notes": "Only what the notes support",
        "basis_mark": "Mark what they do not support",
        "basis_general": "Allow general knowledge",
        "again": "Answer again",
        "edit": "Edit question",
        "keep": "Cancel edit",
        "copy": "Copy answer",
        "in_zh": "Answer in Chinese",
        "in_en": "Answer in English",
        "markdown": "The answer as Markdown",
        "pick": "Open a source",
        "open_note": "Open note",
        "back": "Back to the sources",
        "note_changed": "This note was edited after the answer was given; the cited passage is not what it was.",
        "note_gone": "This note was deleted or moved after the answer was given. Below is the passage as it was read.",
        "sources_changed": "Edited after this answer: {names}. Answer again to use the new text.",
        "older": "Sources of: {question}",
        "found_because": "Why this was found",
        "rank_meaning": "No. {rank} by meaning (cosine {cosine})",
        "rank_words": "No. {rank} by words",
        "rank_fused": "No. {rank} overall (score {score})",
        "no_model": "There is no chat model: answers quote your notes. Run notes-qa models to see and choose one.",
        "unexpected": "Something unexpected went wrong. The terminal that runs notes-qa says more.",
    },
}

WORDS: Mapping[Language, Mapping[str, str]] = {
    ui: {**_WORDS[ui], **NOTES_WORDS[ui], **HISTORY_WORDS[ui]} for ui in LANGUAGES
}

# The browser picks by its own language and falls back to English; Chinese of every region gets the one Chinese text.
i18n = gr.I18n(
    en=dict(WORDS["en"]),
    **{tag: dict(WORDS["zh"]) for tag in ("zh", "zh-CN", "zh-TW", "zh-HK", "zh-SG", "zh-Hans", "zh-Hant")},
)


def phrase(key: str, language: Language, **values: object) -> str:
    """The words for `key`; values are put in as they are, so escape them where they come from notes."""
    return WORDS[language][key].format(**values) if values else WORDS[language][key]


def ui_language(request: gr.Request | Request) -> Language:
    """The language in which a browser gets the page: what its reader chose there, else what the browser asks for."""
    match = _CHOSEN.search(request.headers.get("cookie", ""))
    if match:
        return "zh" if match[1] == "zh" else "en"
    return language_of(request.headers.get("accept-language", ""))


def language_of(accept_language: str) -> Language:
    """The page's language for an Accept-Language header: that of its first choice, as in the labels.

    Looks at the first choice only, because the browser's own choice of labels does so too.
    """
    choices = []
    for place, part in enumerate(accept_language.split(",")):
        tag, _, parameter = part.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            weight = 0.0
        choices.append((-weight, place, tag.strip().lower()))
    return "zh" if min(choices)[2].split("-")[0] == "zh" else "en"


def error_sentence(error: Exception, language: Language) -> tuple[str, str]:
    """(sentence in that language, the error's own English message or nothing); plain text, not escaped."""
    if not isinstance(error, errors.NotesQAError):
        return phrase("unexpected", language), ""
    return words.error_sentence(error, language)
