"""Characters: out of the bytes of a file, and in one plain form for the many ways of writing the same.

Knows nothing about Markdown or about the words of a language.
"""

from __future__ import annotations

import codecs
import functools
import html
import importlib.resources
import re
import unicodedata
from dataclasses import dataclass

import ftfy
import opencc
from ftfy.badness import is_bad

from qa.words import word

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"

# A byte that leads in UTF-8 and one that follows, both read as Latin-1 or cp1252: without them nothing is wrong.
_MOJIBAKE = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
# With its semicolon only, so that `a&copy=1` stays what it is; `&amp;amp;` at once, however deep.
_AMPERSANDS = re.compile("&(?:amp;|#0*38;|#[xX]0*26;)++")
_ENTITY = re.compile("&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")

_LINE_ENDS = re.compile("\r\n?|[\x85\u2028\u2029]")
_SPACES = re.compile("[\t\x0b\x0c\u1680]")
# A zero-width joiner or an emoji's selector stays in an emoji and goes elsewhere.
_EMOJI = "\u00a9\u00ae\u203c-\u3299\ufe0f\U0001f000-\U0001faff"
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
    f"|(?<![{_EMOJI}])\u200d|\u200d(?![{_EMOJI}])|(?<=[{_HAN}\u200d])\ufe0f"
)
_RADICAL = re.compile("[\u2e80-\u2eff]")
# Three and more: two single characters side by side are words in real notes ("高 bias 和 低 variance").
_SPACED_HAN = re.compile(f"(?<![{_HAN}])[{_HAN}](?: [{_HAN}](?![{_HAN}])){{2,}}")
_MOST_PASSES = 20  # two are the rule; one more for each `&zw&zwnj;nj;` inside another

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MIN_LIKENESS = 0.45
_MOST_WESTERN = 0.4  # of the characters beyond ASCII: a Cyrillic or Japanese text has more
_MARKS = frozenset("，。、；：？！“”‘’（）《》〈〉【】「」『』—…·　０１２３４５６７８９％～")
# What Chinese texts, and notes above all, are mostly made of; traditional ones are compared after simplifying them.
_FREQUENT = """
的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家
种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十
民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯
月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女
变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基
眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今
切院让识候带导争运笔训练模型参函算网络层征损失优梯降消爆炸标签准率召精拟欠项批归卷积核池步填充循环注编码器嵌词序
列翻译语言图音检测割预评估验证集叉熵概布差均值偏误矩阵乘转置逆随采聚策树森林支持近邻贝叶维低缩移激习速衰减早停丢
弃残连深浅宽简单复杂例首另需够帮助防止避免增升改善供包括含答案章节附录考料链夹流试境版令软硬存显卡线服端客户库查
询索引缓晚午饭店买菜议周划待办旅票酒朋友孩爸妈影乐读跑健康医药钱银价付款房租火车飞站城雨雪冷热春夏秋冬
"""


class NotText(ValueError):
    """A file that holds no note; `key` names the sentence in `qa.words`."""

    def __init__(self, key: str, detail: str = "") -> None:
        super().__init__(word(key, "en") + (f": {detail}" if detail else ""))
        self.key = key
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file, and how its bytes write it: `mark + text.encode(encoding)`, unless bytes were broken."""

    text: str
    encoding: str
    mark: bytes = b""  # the byte order mark


def decode(data: bytes) -> str:
    """The text of a file, without a byte order mark and with its own line ends. Raises NotText.

    A few broken bytes in what else is UTF-8 become U+FFFD: four good characters of several bytes to each of them.
    """
    return decode_file(data).text


def decode_file(data: bytes) -> Decoded:
    """As `decode`, with the encoding that was found."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            text = data[len(mark) :].decode(encoding, errors="replace")
            if _CONTROLS.search(text) or text.count("\ufffd") * 4 > len(text):
                raise NotText("skip_binary")
            return Decoded(text, encoding, mark)
    if b"\0" not in data:
        mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        try:
            return Decoded(data.decode("utf-8-sig"), "utf-8", mark)
        except UnicodeDecodeError:
            text = data.decode("utf-8-sig", errors="replace")
        broken = text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
        good = sum(character > "\x7f" for character in text) - text.count("\ufffd")
        if not _CONTROLS.search(text) and good >= 4 * broken:
            return Decoded(text, "utf-8", mark)
    return _decode_by_frequency(data)


def _decode_by_frequency(data: bytes) -> Decoded:
    """In the encoding in which the text looks most like Chinese, or else in that of Western Windows."""
    encodings = ("utf-16-le", "utf-16-be") if b"\0" in data else ("gb18030", "big5hkscs", "utf-16-le", "utf-16-be")
    texts = [Decoded(text, name) for name in encodings if (text := _strict(data, name)) is not None]
    scored = [(_likeness(each.text), each) for each in texts]
    if scored and (best := max(scored, key=lambda pair: (pair[0], pair[1].text)))[0] >= _MIN_LIKENESS:
        return best[1]
    if b"\0" in data or _CONTROLS.search(data.decode("latin-1")):
        raise NotText("skip_binary")
    western = _strict(data, "cp1252")
    if western is None or sum(character > "\x7f" for character in western) > _MOST_WESTERN * len(western):
        raise NotText("skip_encoding")
    return Decoded(western, "cp1252")


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if _CONTROLS.search(text) else text


def _likeness(text: str) -> float:
    """How far the characters beyond ASCII are those of ordinary Chinese, at most 1."""
    plain = plain_characters(text[:8_000])
    wide = [character for character in plain if character > "\x7f"]
    if not wide:  # English in UTF-16
        return float(sum(map(str.isalnum, plain)) * 2 > len(plain))
    # Full-width marks are ASCII in plain characters, so ASCII that was not there counts as Chinese too.
    marks = sum(character in _MARKS for character in text[:8_000])
    points = sum(1.0 if c in _frequent() else 0.4 if c in _usual() else -0.5 for c in wide if c not in _MARKS)
    return (points + marks) / max(1, sum(c not in _MARKS for c in wide) + marks)


@functools.cache
def _frequent() -> frozenset[str]:
    return frozenset(_FREQUENT) - {"\n"}


@functools.cache
def _usual() -> frozenset[str]:
    """The 3755 characters of the first level of GB 2312."""
    pairs = (bytes((row, cell)) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
    return frozenset("".join(pair.decode("gb2312", errors="ignore") for pair in pairs))


def plain_characters(text: str) -> str:
    """A copy for searching, of notes and questions alike; not case folded, and never for display: offsets change.

    Mojibake is repaired, entities are decoded, what cannot be seen is removed, every kind of line end is a line feed
    and every kind of space a space, compatibility forms and radicals become the usual characters (NFKC), traditional
    characters simplified ones, and Chinese that was written 梯 度 消 失 is joined. Applied again it changes nothing.
    """
    for _ in range(_MOST_PASSES):
        plain = _plain(text)
        if plain == text:
            break
        text = plain
    return text


def repair_mojibake(text: str) -> str:
    """Lines of UTF-8 that were read as Latin-1 or cp1252, as they were meant; all other text unchanged."""
    if not _MOJIBAKE.search(text):
        return text
    return "\n".join(ftfy.fix_encoding(line) if is_bad(line) else line for line in text.split("\n"))


def _plain(text: str) -> str:
    if "&" in text:
        text = _ENTITY.sub(lambda match: html.unescape(match.group()), _AMPERSANDS.sub("&", text))
    if text.isascii() and (text.isprintable() or text.replace("\n", "").isprintable()):
        return text
    text = repair_mojibake(text)
    text = _UNSEEN.sub("", _SPACES.sub(" ", _LINE_ENDS.sub("\n", text)))
    text = unicodedata.normalize("NFKC", text)
    if _RADICAL.search(text):
        text = text.translate(_radicals())
    text = _converter().convert(text)
    return _SPACED_HAN.sub(lambda match: match.group().replace(" ", ""), text)


@functools.cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")  # `convert` changes nothing in it, so that threads can share one


@functools.cache
def _radicals() -> dict[int, str]:
    lines = (importlib.resources.files("qa") / "data" / "radicals.tsv").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {ord(radical): plain for radical, plain in pairs}
