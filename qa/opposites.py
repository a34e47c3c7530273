"""Words that turn a sentence into its opposite, in both languages: what a small model swaps most easily."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa.language import STOP_WORDS, normalize
from qa.types import Language

Words = tuple[str, str]  # Chinese and English, as regular expressions

# Names of things of which there are two.
_NAMED: tuple[tuple[Words, Words], ...] = (
    (("高频", r"high[- ]frequency"), ("低频", r"low[- ]frequency")),
    (("欠拟合", r"under-?fit\w*"), ("过拟合", r"over-?fit\w*")),
    (("下采样|降采样", r"down-?sampl\w*"), ("上采样", r"up-?sampl\w*")),
    (("欠采样", r"under-?sampl\w*"), ("过采样", r"over-?sampl\w*")),
    (("编码器", r"encoders?"), ("解码器", r"decoders?")),
    (
        ("正样本|正例|正类", r"positive (?:sampl|exampl|class|instanc)\w+"),
        ("负样本|负例|负类", r"negative (?:sampl|exampl|class|instanc)\w+"),
    ),
    (("生成式", r"generative"), ("判别式", r"discriminative")),
    (("查准率|精确率|精准率", r"precision"), ("查全率|召回率", r"recall")),
    (("假阳", r"false[- ]positives?"), ("假阴", r"false[- ]negatives?")),
    (("有监督", r"(?<!un)supervised"), ("无监督", r"un-?supervised")),
    (("一阶", r"first[- ]order"), ("二阶", r"second[- ]order")),
    (("上界", r"upper bounds?"), ("下界", r"lower bounds?")),
)
# What a translation is told where it took one for the other.
_USUAL = {
    "高频": "high-frequency", "低频": "low-frequency", "欠拟合": "underfitting", "过拟合": "overfitting",
    "下采样": "downsampling", "上采样": "upsampling", "欠采样": "undersampling", "过采样": "oversampling",
    "编码器": "encoder", "解码器": "decoder", "正样本": "positive sample", "正例": "positive example",
    "负样本": "negative sample", "负例": "negative example", "生成式": "generative", "判别式": "discriminative",
    "精确率": "precision", "召回率": "recall", "假阳性": "false positive", "假阴性": "false negative",
    "有监督": "supervised", "无监督": "unsupervised", "一阶": "first-order", "二阶": "second-order",
    "上界": "upper bound", "下界": "lower bound",
}  # fmt: skip
# Ways and measures, of which a sentence may name one by denying the other, or both.
_MEASURED: tuple[tuple[Words, Words], ...] = (
    (("最大", r"max(?:im\w+)?|largest|highest|greatest|biggest|most"),
     ("最小", r"min(?:im\w+)?|smallest|lowest|least")),
    (("大于|高于|超过", r"greater|more|above|exceed\w*|larger|higher|over"),
     ("小于|低于", r"less|below|smaller|lower|under|fewer")),
    (("增加|增大|提高|升高|上升|变大|抬高",
      r"increas\w+|rais\w+|ris(?:es|ing)|grow\w*|higher|larger|more|improv\w+|up"),
     ("减少|减小|降低|下降|变小|缩小|压低",
      r"decreas\w+|reduc\w+|lower\w*|drop\w*|smaller|less|fewer|shr[iu]nk\w*|down")),
    (("前向", r"forwards?"), ("反向", r"backwards?|revers\w+|back-?propagat\w+")),
    (("稠密|密集", r"dense(?:ly)?"), ("稀疏", r"spars\w+")),
    (("之前|以前", r"before|prior|preced\w+|previous\w*|earlier"), ("之后|以后", r"after\w*|subsequent\w*|later")),
    (("浅层|靠前", r"shallow\w*|early|earlier"), ("深层|靠后", r"deep\w*|late|later")),
    (("输入", r"inputs?"), ("输出", r"outputs?")),
    (("局部", r"local\w*"), ("全局", r"global\w*")),
    (("快", r"fast\w*|quick\w*|rapid\w*|speed\w*"), ("慢", r"slow\w*")),
)  # fmt: skip
_NAMED_SIDES, _MEASURED_SIDES = (
    [tuple((re.compile(zh), re.compile(rf"\b(?:{en})\b")) for zh, en in pair) for pair in pairs]
    for pairs in (_NAMED, _MEASURED)
)
_DENIES = re.compile(r"[不没无未非]|\b(?:not?|never|cannot|without|less|un\w+)\b|n['’]t\b")
# What tells where in a sentence such a word stands: characters, more of them beside a 的, or a word of weight.
_AFTER = re.compile(r"的?[\u4e00-\u9fff]{2}|[ -]([a-z]+)\b")
_BEFORE = re.compile(r"(?:[\u4e00-\u9fff]{3}的|[\u4e00-\u9fff](?!的)[\u4e00-\u9fff])$|\b([a-z]+)[ -]$")


def named_sides(text: str, language: Language) -> list[tuple[str, str]]:
    """(word in a text in the other language, the same in a language) of what there are two of."""
    pairs = _USUAL.items() if language == "en" else ((en, zh) for zh, en in _USUAL.items())
    return [(word, name) for word, name in pairs if re.search(rf"(?<![a-z]){word}(?![a-z])", text)]


def opposed(zh: str, en: str) -> bool:
    """Whether a Chinese and an English sentence that should say the same name opposite sides of something."""
    chinese, english = normalize(zh), normalize(en)
    denies = bool(_DENIES.search(chinese) or _DENIES.search(english))
    for pairs, is_named in ((_NAMED_SIDES, True), (_MEASURED_SIDES, False)):
        for one, other in pairs:
            for (zh_one, en_one), (zh_other, en_other) in ((one, other), (other, one)):
                if not zh_one.search(chinese) or zh_other.search(chinese) or not en_other.search(english):
                    continue
                if is_named or not (denies or en_one.search(english)):
                    return True
    return False


def swapped(sentence: str, note: str) -> bool:
    """Whether a sentence has at some place a word where a note, in the same words around it, has its opposite."""
    said, written = normalize(sentence), normalize(note)
    for one, other in (*_NAMED_SIDES, *_MEASURED_SIDES):
        for ours, theirs in ((one, other), (other, one)):
            for own, opposite in zip(ours, theirs, strict=True):
                if any(_has(written, opposite, *at) and not _has(written, own, *at) for at in _places(said, own)):
                    return True
    return False


def _places(text: str, word: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """What stands right before and right after a word, one of the two at a time."""
    for match in word.finditer(text):
        if (before := _BEFORE.search(text[: match.start()])) and before[1] not in STOP_WORDS:
            yield before[0], ""
        if (after := _AFTER.match(text, match.end())) and after[1] not in STOP_WORDS:
            yield "", after[0]


def _has(text: str, word: re.Pattern[str], before: str, after: str) -> bool:
    return bool(re.search(f"{re.escape(before)}(?:{word.pattern}){re.escape(after)}", text))
