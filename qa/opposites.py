"""Words that turn a sentence into its opposite, in both languages: what a small model swaps most easily."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa.language import STOP_WORDS, normalize
from qa.types import Language

# Behind "not" and 不: what is not only so is so. But 不单调 denies.
ONLY_EN = r"\s+(?:only|just|merely)\b"
ONLY_ZH = "(?:[仅只但]|单(?![调独一])|光(?!滑))"
# Names of things of which there are two: one side, the other, each in both languages.
_NAMED = (
    (r"高频|\bhigh[- ]frequency\b", r"低频|\blow[- ]frequency\b"),
    (r"欠拟合|\bunder-?fit\w*\b", r"过拟合|\bover-?fit\w*\b"),
    (r"下采样|降采样|\bdown-?sampl\w*\b", r"上采样|\bup-?sampl\w*\b"),
    (r"欠采样|\bunder-?sampl\w*\b", r"过采样|\bover-?sampl\w*\b"),
    (r"编码器|\bencoders?\b", r"解码器|\bdecoders?\b"),
    (
        r"正样本|正例|正类|\bpositive (?:sampl|exampl|class|instanc)\w+\b",
        r"负样本|负例|负类|\bnegative (?:sampl|exampl|class|instanc)\w+\b",
    ),
    (r"生成式|\bgenerative\b", r"判别式|\bdiscriminative\b"),
    (r"查准率|精确率|精准率|\bprecision\b", r"查全率|召回率|\brecall\b"),
    (r"假阳|\bfalse[- ]positives?\b", r"假阴|\bfalse[- ]negatives?\b"),
    (r"有监督|\bsupervised\b", r"无监督|\bun-?supervised\b"),
    (r"一阶|\bfirst[- ]order\b", r"二阶|\bsecond[- ]order\b"),
    (r"上界|\bupper bounds?\b", r"下界|\blower bounds?\b"),
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
SIDES = {
    "amount": (
        r"增加|提高|提升|增大|上升|加大|变大|增强|更多|更高|更大"
        r"|\b(?:increas\w+|rais(?:es?|ed|ing)|more|higher|larger|grows?)\b",
        r"减少|降低|减小|下降|缩小|变小|减弱|更少|更低|更小|\b(?:decreas\w+|reduc\w+|lower\w*|less|fewer|smaller|shrinks?)\b",
    ),
    "speed": (r"快|\b(?:fast|faster|fastest|quick\w*)\b", r"慢|\b(?:slow|slower|slowest|slowly)\b"),
    "scope": (r"全局|\bglobal\w*\b", r"局部|\blocal\w*\b"),
    "order": (r"之前|以前|\bbefore\b", r"之后|以后|\bafter\b"),
}
_MEASURED = (
    *SIDES.values(),
    (
        r"最大|\b(?:max(?:im\w+)?|largest|highest|greatest|biggest|most)\b",
        r"最小|\b(?:min(?:im\w+)?|smallest|lowest|least)\b",
    ),
    (r"大于|高于|超过|\b(?:greater|above|exceed\w*|over)\b", r"小于|低于|\b(?:below|under)\b"),
    (r"前向|\bforwards?\b", r"反向|\b(?:backwards?|revers\w+|back-?propagat\w+)\b"),
    (r"稠密|密集|\bdense(?:ly)?\b", r"稀疏|\bspars\w+\b"),
    (r"浅层|靠前|\b(?:shallow\w*|early|earlier)\b", r"深层|靠后|\b(?:deep\w*|late|later)\b"),
    (r"输入|\binputs?\b", r"输出|\boutputs?\b"),
)
_NAMED_SIDES, _MEASURED_SIDES = (
    # A word of ASCII ends beside a Chinese character: 因为decoder是 names a decoder.
    [(re.compile(one, re.ASCII), re.compile(other, re.ASCII)) for one, other in pairs]
    for pairs in (_NAMED, _MEASURED)
)
_DENIES = re.compile(r"[不没无未非]|\b(?:not?|never|cannot|without|less|un\w+)\b|n['’]t\b")
# What tells where in a sentence such a word stands: characters, more of them beside a 的, or a word of weight.
_AFTER = re.compile(r"的?[\u4e00-\u9fff]{2}|[ -]([a-z]+)\b")
_BEFORE = re.compile(r"(?:[\u4e00-\u9fff]{3}的|[\u4e00-\u9fff](?!的)[\u4e00-\u9fff])$|\b([a-z]+)[ -]$")


def named_sides(text: str, language: Language) -> list[tuple[str, str]]:
    """(word in a text in the other language, the same in a language) of what there are two of."""
    pairs = _USUAL.items() if language == "en" else ((en, zh) for zh, en in _USUAL.items())
    found = ((re.search(rf"(?<![a-z]){word}s?(?![a-z])", text, re.IGNORECASE), name) for word, name in pairs)
    return [(match.group(), name) for match, name in found if match]


def opposed(zh: str, en: str) -> bool:
    """Whether a Chinese and an English sentence that should say the same name opposite sides of something."""
    chinese, english = normalize(zh), normalize(en)
    denies = bool(_DENIES.search(chinese) or _DENIES.search(english))
    for one, other, is_named in _both_ways():
        differ = one.search(chinese) and not other.search(chinese) and other.search(english)
        if differ and (is_named or not (denies or one.search(english))):
            return True
    return False


def swapped(sentence: str, note: str) -> bool:
    """Whether a sentence has at some place a word where a note, in the same words around it, has its opposite."""
    said, written = normalize(sentence), normalize(note)
    return any(
        _has(written, opposite, *at) and not _has(written, own, *at)
        for own, opposite, _ in _both_ways()
        for at in _places(said, own)
    )


def _both_ways() -> Iterator[tuple[re.Pattern[str], re.Pattern[str], bool]]:
    """One side, the other, and whether they are names; each pair both ways round."""
    for pairs, is_named in ((_NAMED_SIDES, True), (_MEASURED_SIDES, False)):
        for one, other in pairs:
            yield one, other, is_named
            yield other, one, is_named


def _places(text: str, word: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """What stands right before and right after a word, one of the two at a time."""
    for match in word.finditer(text):
        if (before := _BEFORE.search(text[: match.start()])) and before[1] not in STOP_WORDS:
            yield before[0], ""
        if (after := _AFTER.match(text, match.end())) and after[1] not in STOP_WORDS:
            yield "", after[0]


def _has(text: str, word: re.Pattern[str], before: str, after: str) -> bool:
    return bool(re.search(f"{re.escape(before)}(?:{word.pattern}){re.escape(after)}", text))
