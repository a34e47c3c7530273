"""Judges whether words are a name, and whether a Chinese and an English name can be those of one thing.

Knows nothing about where the names stand in a note. In doubt the answer is no.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import rjieba

from qa.glossary import Glossary, is_abbreviation
from qa.language import has_han

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
MOST_HAN = 10  # of a name
_MOST_WORDS = 6
_MOST_CHANCE = 0.5  # of a name's characters, found in another name by chance
_ENGLISH = re.compile(r"[A-Za-z0-9][A-Za-z0-9+#]*(?:[-'&][A-Za-z0-9+#]+)*(?: [A-Za-z0-9+#&]+(?:[-'][A-Za-z0-9+#]+)*)*")
_LATIN = re.compile(r"[A-Za-z0-9]+")
_SMALL_WORDS = frozenset(("of", "for", "to", "and", "in", "on", "with", "from", "by"))

# Words that end a name on its left.
_BORDERS_TEXT = """
的 是 了 着 即 指 称 叫 为 在 于 由 被 把 将 让 使 令 用 有 会 要 可 能 做 到 给 就 都 也 又 还 再 才 则 只 如
像 等 中 其 此 该 这 那 各 某 每 另 称为 称作 称之为 叫做 叫作 名为 译为 译作 成为 作为 变为 分为 改为 记为
做了 指的 所谓 就是 即是 也就是 用于 对于 关于 根据 按照 通过 经过 利用 使用 采用 运用 提出 引入 进行 得到 获得
产生 出现 发生 解决 避免 防止 缓解 减轻 导致 造成 引起 具有 拥有 包含 包括 需要 可以 能够 没有 存在 属于 添加
加入 加上 等于 除了 比如 例如 譬如 特别是 尤其是 主要 常用 常见 其中 这种 这个 这些 那个 各种 某个 某种 每个
所有 任何 另外 一个 一种 一些 两个 两种 三个 三种 几种 多种 首先 然后 最后 同时 一般 通常 往往 因此 所以 但是
而且 如果 那么 我们 它们 应该 必须 目前 最近 研究者 作者 论文 著名 经典
"""
BORDERS = frozenset(_BORDERS_TEXT.split())
# Where one of these stands before the bracket, the bracket may say more than its last word.
JOINING = frozenset(("和", "与", "及", "以及", "或", "或者", "还是", "并", "而", "跟", "同", "、"))
# What stands before the bracket then may be half a name or half a clause.
_UNSURE_TEXT = """
基于 后 前 时 以 所 之 对 从 向 到 来 去 按 内 间 越 更 很 较 太 没 请 上述 以上 以下 如下 以外 之外 不再
不会 还有 只有 保持 不同 相同 可能
"""
UNSURE = frozenset(_UNSURE_TEXT.split())
_GLUED = re.compile("^([叫由在或和与及来将被把让为即用])|([叫由在或和与及来将被把让为即用])$")
_NOT_IN_NAME = re.compile(
    "[的了是吗呢吧啊这那哪你我他她它们些请越很更每某]|[一两几多][个种台些位]|如[下图上何果]|"
    "例如|比如|什么|怎么|因为|所以|可以|需要"
)
# What a Chinese note says about a thing in brackets without naming it.
_REMARKS = re.compile(
    "必考|必[背看读会]|常[考见用问]|重[要点]|难点|考点|易错|高频|了解|掌握|熟[悉记]|可选|选[做读修学]|"
    "必[做修选]|推荐|首选|默认|建议|略|待|续|见[下上图表]|[上下][文图表节]|附[录图表代]|转载|原[文创]|"
    "译[者文]|作者|更新|修改|新[版增]|旧版|最新|完整|详[细见解]|简[单略]|[一二三四五六七八九十]$|第.|单位|"
    "范围|取值|大小|个数|数量|输入|输出|训练|测试|推导|手写|代码|示例|举例|例[子题]|注意?$|优[点势]|缺[点陷]|"
    "区别|对比|公式|总结|小结|笔记|面试|问题|答案|官方|开源|免费|收费|支持|不|无$|有$|同[上理]|其[他它余]|"
    "所有|全部|部分|左|右|好|坏|大$|小$|快$|慢$|高$|低$|多$|少$|早期|后期|近似|理论|实践|实验|证明|性质|结论|"
    "前提|假设|目标|任务|方向|领域|应用"
)
# Nouns that a bracket follows with an instance: 优化器（Adam）.
_KINDS_TEXT = """
模式 模型 网络 架构 结构 模块 单元 算法 方法 方式 框架 平台 工具 函数 优化器 数据 数据集 任务 系统 机制 技术
语言 软件 硬件 芯片 设备 公司 团队 论文 问题 策略 指标 参数 变量 对象 接口 命令 文件 格式 协议 引擎 服务
服务器 数据库 浏览器 编辑器 环境 版本 插件 组件 场景 领域 部分 阶段 过程 操作 结果 效果 情况 现象 形式 类型
单位 符号 作者 老师 同学 学生 时间 日期 次数 大小 数量 个数 维度 长度 宽度 高度 定理 理论 原理 概念 思想
公式 库 端 机构 大学 会议 期刊 竞赛 比赛 损失 队列 缓存 层 块 核 器 图 表 类 法
"""
_KINDS = tuple(_KINDS_TEXT.split())
_NO_ENGLISH_TEXT = """
the a an important optional required default recommended deprecated todo note notes new old draft wip beta alpha example
examples etc eg ie left right top bottom yes no true false none null nan ok good bad best better worse high low
easy medium hard see below above here this that these those is are was were be can will you we it they not i
using used use like such et al fig figure table eq equation section chapter page pages ref vs and or if when
where which what why how ms kb mb gb tb kg km cm mm hz khz mhz ghz px fps usd rmb http https www com org net
pdf png jpg md py html
"""
_NO_ENGLISH = frozenset(_NO_ENGLISH_TEXT.split())
_CAMEL = re.compile(r"[A-Za-z][a-z]+[A-Z0-9]|[A-Z]{2,}[a-z]|[A-Za-z]\d|\b[A-Z]-")
_YEAR = re.compile(r"(?:^|\D)(?:19|20)\d\d(?:$|\D)")


def is_chinese_name(name: str, english: Iterable[str]) -> bool:
    """Whether this can be a name and no clause; what is Latin in it must stand in the English name too."""
    han = sum(map(has_han, name))
    if not 2 <= han <= MOST_HAN or not re.fullmatch(rf"[{_HAN}A-Za-z0-9+·' -]+", name) or _NOT_IN_NAME.search(name):
        return False
    if any(token in BORDERS or token in JOINING or token in UNSURE for token in words_of(name)):
        return False
    other = " ".join(english).casefold()
    return all(word in other for word in _LATIN.findall(name.casefold()))


def is_english_name(name: str) -> bool:
    words = name.split()
    if not _ENGLISH.fullmatch(name) or len(words) > _MOST_WORDS or len(name) < 2 or _YEAR.search(name):
        return False
    if not re.search("[A-Za-z]-?[A-Za-z]", name):
        return False
    plain = [word.casefold() for word in words]
    if any(word in _NO_ENGLISH for word in plain) or plain[0] in _SMALL_WORDS or plain[-1] in _SMALL_WORDS:
        return False
    return not re.match("[a-z]+[A-Z]", name)  # a name in code


def is_same_thing(chinese: str, english: str) -> bool:
    """Whether `Chinese (English)` is one thing in two languages and not a kind and an instance, 优化器 (Adam)."""
    glossary = Glossary.load()
    if glossary.shares_concept(chinese, english):
        return True
    known_zh, known_en = glossary.concepts_named(chinese), glossary.concepts_named(english)
    if chinese in _KINDS or (known_zh and known_en):
        return False
    if known_zh:
        names = [name for concept in known_zh for name in concept.en]
        return any(same_initials(english, name) or _common_word(english, name) for name in names)
    if chinese.endswith(_KINDS) and _is_proper(english):
        return len(words_of(chinese)) == name_length(english)
    return _fits(chinese, english)


def is_translated(english: str, chinese: str, is_word: Callable[[str], bool]) -> bool:
    """Whether `English (Chinese)` is one thing in two languages and not a thing with a remark, Adam (首选).

    `is_word` tells words of the language from names of products, which are never written small.
    """
    glossary = Glossary.load()
    if glossary.shares_concept(chinese, english):
        return True
    known_zh, known_en = glossary.concepts_named(chinese), glossary.concepts_named(english)
    if _REMARKS.search(chinese) or chinese in _KINDS or (known_zh and known_en):
        return False
    if known_en:
        names = [name for concept in known_en for name in concept.zh]
        return any(_common_share(chinese, name) > _MOST_CHANCE for name in names)
    if known_zh:
        names = [name for concept in known_zh for name in concept.en]
        return any(same_initials(english, name) or _common_word(english, name) for name in names)
    if _supported(chinese, english):
        return True
    if not _fits(chinese, english):
        return False
    words = name_length(english)
    if words > 1:
        return abs(len(words_of(chinese)) - words) <= 1
    return len(words_of(chinese)) == 1 and (english.islower() or is_word(english))


def translates_word_by_word(chinese: str, english: str) -> bool:
    """Whether the glossary knows both as one thing, or all that it knows in one also in the other."""
    glossary = Glossary.load()
    if glossary.shares_concept(chinese, english):
        return True
    here, there = ({id(concept) for concept in glossary.concepts_in(name)} for name in (chinese, english))
    return bool(here) and here == there and len(words_of(chinese)) == name_length(english)


def same_initials(first: str, second: str) -> bool:
    """Whether one is the abbreviation of the other: its letters begin the words, small words apart."""
    short, long = sorted((first, second), key=len)
    letters = re.sub("[^a-z0-9]", "", short.casefold())
    words = [word for word in re.split("[ -]", long.casefold()) if word]
    initials = {
        "".join(word[0] for word in words),
        "".join(word[0] for word in words if word not in _SMALL_WORDS),
        "".join(word[0] for word in long.casefold().split()),
    }
    return len(words) > 1 and (letters in initials or letters.rstrip("s") in initials)


def words_of(run: str) -> list[str]:
    """The words of a run; what is only guessed to be one word (叫子) gives up the border at its begin or end."""
    tokens = [token for part in re.split("([的是])", run) if part for token in rjieba.cut(part, True)]
    return [
        part for token in tokens for part in ([token] if rjieba.has_word(token) else filter(None, _GLUED.split(token)))
    ]


def name_length(english: str) -> int:
    """Words without small ones, or letters of an abbreviation."""
    if is_abbreviation(english):
        return len(english.rstrip("s"))
    return sum(word not in _SMALL_WORDS for word in re.split("[ -]", english.casefold()))


def _fits(chinese: str, english: str) -> bool:
    """Whether one can translate the other by their lengths and spelling."""
    tokens, words = len(words_of(chinese)), name_length(english)
    if _CAMEL.search(english):
        return bool(_LATIN.search(chinese)) or _supported(chinese, english)
    if is_abbreviation(english):
        return abs(tokens - words) <= 1
    han = sum(map(has_han, chinese)) + 2 * len(_LATIN.findall(chinese))
    return tokens <= words + 2 and (words == 1 or 2 * han >= 3 * words)


def _supported(chinese: str, english: str) -> bool:
    """Whether a part of one name is known to translate a part of the other."""
    glossary = Glossary.load()
    there = {id(concept) for concept in glossary.concepts_in(english)}
    return any(id(concept) in there for concept in glossary.concepts_in(chinese))


def _is_proper(english: str) -> bool:
    """Whether this looks like the name of a product or an abbreviation: ResNet, VGG, Kafka."""
    return " " not in english and any(character.isupper() for character in english)


def _common_word(first: str, second: str) -> bool:
    return bool(set(re.split("[ -]", first.casefold())) & set(re.split("[ -]", second.casefold())))


def _common_share(chinese: str, known: str) -> float:
    return sum(character in known for character in chinese) / len(chinese)
