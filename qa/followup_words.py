"""The words and patterns by which a question shows that it leans on what was said before."""

from __future__ import annotations

import re

# What a question asks of a thing, and what it says of it: never itself the thing. English in the singular.
_ASPECTS = """
优点 缺点 优缺点 优势 劣势 好处 坏处 弊端 弱点 不足 副作用 作用 用途 用处 用法 原理 思想 思路 公式 定义 含义
意义 意思 区别 不同 差别 差异 差 关系 联系 局限 限制 问题 缺陷 毛病 代价 开销 成本 复杂度 速度 性能 效果 收益
影响 后果 结果 表现 代码 实现 步骤 流程 过程 方法 办法 方式 做法 技巧 策略 对策 措施 手段 原因 理由 依据 条件
前提 场景 场合 情况 现象 应用 参数 参数量 超参数 系数 阈值 默认 默认值 取值 数值 值 大小 范围 个数 数量 数目
比例 结构 组成 部分 种类 类型 类别 阶段 例外 显存 内存 时间 数据 任务 模型 资源 延迟 解决 改进 改善 缓解 避免
防止 预防 计算 使用 选择 选 适合 适用 适用于 采用 设置 设 设定 调 调整 得到 需要 工作 运行 产生 出现 发生 导致
引起 造成 提高 降低 减少 增加 节省 省 省下 支持 处理 比较 对比 相比 判断 衡量 检查 看出 理解 做到 做 用 取 用到
用来 用于 用在 分成 分为 包括 包含 属于 意味着 变 变成 换成 换 补救 克服 合并 成立 保证 推荐 建议 常用 常见 常
主要 一般 通常 大概 大约 往往 经常 具体 合适 好 好用 更好 最好 快 慢 高 低 大 小 多 少 多大 多少 多久 多长 多快
贵 便宜 有用 有效 重要 可靠 准确 稳定 简单 复杂 分别 各自 各 每 都 全部 另 另外 别的 其他 其它 其余 其中 同样 不
没 没有 不能 不会 不用 不要 还 再 更 最 只 越 比 和 跟 同 将 由 因 使 叫 叫做 说 讲 看 想 谁 哪 几 前者 后者
两者 二者 它们 一种 一点 一些 之间 两个 两种 三个 三种 最后 是否 会不会 能不能 可不可以 应不应该 是不是 有没有
好不好 怎么样 怎么办 怎么做 什么样 这样 那样 时 时候 以及 而且 不过 可是 然后 首先 其次 那么 那 这 真的 确实
到底 究竟 下面 上面 前面 刚才 之前 用什么 这是 那是 如果
advantage benefit strength pro upside disadvantage drawback downside weakness con shortcoming limitation limit
pitfall caveat problem issue risk price cost expense overhead complexity speed performance effect result outcome
consequence impact purpose role use usage point goal aim idea intuition principle formula equation definition
meaning difference similarity relation relationship reason cause condition assumption requirement application
scenario case situation step procedure process method approach way technique trick remedy fix solution
alternative option choice kind type sort variant version part component piece parameter hyperparameter
coefficient threshold default value number amount size range share code implementation structure data task model
thing one other memory time source work working help helping need require compute computed computing calculate
calculated choose chosen choosing pick picked set setting tune tuned used using apply applied applies implement
implemented compare compared comparing differ happen happening make making made get getting take taking change
improve reduce increase avoid avoided prevent solve fixed treat handle deal detect tell recognise recognize mean
matter perform behave suit fit look know see say said call called suitable good bad better best worse worst fast
faster slow slower cheap cheaper expensive large larger small smaller big bigger high higher low lower long
longer short shorter common useful important necessary enough reliable stable simple hard easy possible typical
typically usual usually often normally generally exactly really actually mainly much many more most less least
few little any some all both each every same else another also too very just only first second third fourth
fifth last former latter next always never still instead again
"""
ASPECTS = frozenset(_ASPECTS.split())
# When, rather than of what: the thing that is trained or tested is meant.
_OCCASIONS = """
训练 推理 推断 测试 测试集 评估 预测 部署 使用时 实践 实际
training train inference testing test evaluation practice deployment prediction
"""
OCCASIONS = frozenset(_OCCASIONS.split())
# More of the same answer.
_CONTINUATIONS = """
例子 例 举 举例 举例说明 示例 比方 打 打个比方 详细 细致 具体 深入 展开 继续 清楚 明白 完整 再 更 点 些 得 说 讲
多 一点 一些 一遍 还有 然后 接着 来 个 行 不 不行 这样 真的 看看 详 细 啥 为啥 简单 简短 通俗 能不能 可不可以 想
example instance detail detailed depth elaborate elaboration expand continue go further more again any specific
specifically concrete bit little say clarify simply simpler ok okay come really
"""
CONTINUATIONS = frozenset(_CONTINUATIONS.split())

# What ties a question to the last one and can be left out.
LEAD = re.compile(
    r"^\s*(?:(?:那么|那(?![个种些样])|可是|但是|不过|所以|还有|另外|而)[，,\s]*|谢谢[你您]?[，,。！!\s]+"
    r"|(?:thanks|thank you)[,.!]\s*|(?:and|but|so|then|ok|okay|also)\b[,\s]*)",
    re.IGNORECASE,
)
QUESTION_WORD = re.compile(
    r"什么|怎|如何|为何|多少|多大|多久|哪|几|谁|吗|是否|能不能|会不会|是不是|有没有"
    r"|\b(?:what|why|how|when|where|which|who|is|are|was|were|do|does|did|can|could|should|will|would|has|have)\b",
    re.IGNORECASE,
)
# Both ask about a general word itself: "what is a parameter", "参数和超参数有什么区别".
DEFINES = re.compile(
    r"什么(?:是|叫)|\S是什么意思|\b(?:what(?: is|'s) an?|define|explain what)\b|^what are \w+$", re.IGNORECASE
)
COMPARES_TWO = re.compile(
    r"\w\s*(?:和|与|跟|同)\s*\w.*(?:区别|不同|差别|差异|关系)|\bbetween\b.+\band\b"
    r"|\w\s+(?:differs?|(?:is|are) different)\s+from\s+\w|\bcompare[sd]?\b.+\b(?:with|to)\b|\b(?:vs\b\.?|versus)\s",
    re.IGNORECASE,
)

# X of "X 呢" and of "what about X".
ABOUT = re.compile(
    r"^(?:如果|要是)?(?:换成|换做|换用|改用|改成|对于|至于|用|换)*+(?P<zh>.+?)(?:的话)?呢$"
    r"|^(?:(?:what|how) about|what if (?:I|we|you) (?:use|take|choose))\s+(?P<en>.+)$",
    re.IGNORECASE,
)
BEFORE_SUBJECT = re.compile(r"^(?:(?:of|using|an?)\s+)+", re.IGNORECASE)
# X is no other subject but a condition or a counterpart: "for sparse features", "如果数据很少", "和 BatchNorm 比".
BESIDE = re.compile(
    r"^(?:如果|要是|假如|和|跟|与|同|比|在)|(?:里|中|上|时|的时候|的情况下)$"
    r"|^(?:for|with|in|on|at|if|when|compared (?:to|with)|versus|vs\.?|unlike|the)\b",
    re.IGNORECASE,
)
WITH_ANOTHER = re.compile(r"^(?:和|跟|与|同|比)|^(?:compared (?:to|with)|versus|vs\.?|unlike)\b", re.IGNORECASE)
NO_SUBJECT = re.compile(r"^(?:\w{2}时)?(?:还|也)?(?:需要|要|会|能|应该)(?!用|把|将).*吗$")  # Chinese drops "it"
CHOICE = re.compile(
    r"^(?:哪(?:个|一个|种|一种)(?:更|比较|最|好|快|适合|常用)|which (?:is|are|should|would)\b)(?!.*(?:\bor\b|还是))",
    re.IGNORECASE,
)

_NOUNS = "方法|办法|方式|做法|策略|思路|原因|理由|作用|缺点|优点|问题|缺陷|限制|步骤|对策|改进|技术|模型|门|阶段"
_THINGS = "one|ones|option|method|approach|technique|point|kind|type|way|item|reason|step|stage|problem|variant|model"
_COUNTED = rf"(?:个|种|条|点|项|类)(?:{_NOUNS})?(?![A-Za-z])"
# "The second one" is taken from a list, "the latter" from a pair; "the second moment" is neither.
ORDINAL = re.compile(
    rf"第(?P<zh>[一二三四五六七八九十]|\d{{1,2}}){_COUNTED}|最后一{_COUNTED}|(?P<zh_pair>前者|后者)"
    rf"|\bthe\s+(?P<en>first|second|third|fourth|fifth|last)(?:\s+(?:{_THINGS})\b(?!\s+of\b)"
    r"|(?=\s*(?:[?.!,]|$)|\s+(?:is|are|was|were|do|does|did|can|could|will|has|have)\b))"
    r"|\bthe\s+(?P<en_pair>former|latter)\b(?:\s+one\b)?",
    re.IGNORECASE,
)
FORMER = ("前者", "former")
NAMES = ("He",)  # of an initialisation: a name inside a sentence, though it looks like a pronoun
NUMBERS = {
    **{word: n for n, word in enumerate("一二三四五六七八九十", 1)},
    **{word: n for n, word in enumerate(("first", "second", "third", "fourth", "fifth"), 1)},
}

# Not 其他, 尤其, 应该, "these notes", "true that"; whether a pronoun's antecedent is in the question is seen later.
PRONOUN = re.compile(
    r"它们?|(?<![尤极与莫何])其(?![他它实余次间])中?|这?两者|二者|对此|此(?:类|法|种|方法|模型)|上述"
    r"|(?:上面|前面|刚才|刚刚|之前)(?:说|提|讲|列|介绍)(?:到)?的?"
    rf"|[这那](?:两|几)?(?:个|种|些|样|里)(?!笔记)(?:{_NOUNS}|情况|现象|东西)?|[这那]样做|这(?=是|有|会|对|和|与|为|能|叫)"
    r"|该(?:方法|算法|模型|技术|函数|网络|机制|策略|损失|指标|做法)"
    r"|\b(?:its?|they|them|theirs?|which one|both)\b"
    r"|\b(?:these|those|the) two(?=\s*(?:[?.,!]|$)|\s+(?:is|are|do|does|have|differ|compare|relate)\b)"
    r"|\b(?:this|these|those)\b(?!\s+(?:notes?|folder|documents?|files?|corpus|page|collection)\b)"
    rf"(?:\s+(?:{_THINGS})\b)?"
    rf"|(?:(?<=\b(?:is|do|of|by|in|to) )|(?<=\b(?:was|did|can|for) )|(?<=\b(?:does|than|with|like|from) )"
    rf"|(?<=\b(?:would|about|after) )|^)that\b(?:\s+(?:{_THINGS})\b)?|\bthat\s+(?:{_THINGS})\b"
    r"|(?<=\b(?:is|do) )the same\b|(?<=\bdoes )the same\b",
    re.IGNORECASE,
)
TWO = frozenset(("both", "which one", "these two", "those two", "the two", "这两者", "两者", "二者"))
REFLEXIVE = re.compile(r"其中?|its|theirs?", re.IGNORECASE)
# "it" that stands for nothing: "is it true that", "does it matter whether".
EXPLETIVE = re.compile(
    r"\b(?:is|was|be|isn't)\s+it\s+(?:not\s+|always\s+|really\s+)?(?:"
    r"(?:an?\s+)?(?:true|(?:im)?possible|ok|okay|fine|safe|dangerous|bad|good|better|best|worse|necessary|enough|useful"
    r"|important|common|normal|wrong|right|wise|easy|easier|hard|harder|difficult|allowed|likely|known|reasonable|advisable)(?:\s+\w+)?"
    r"\s+(?:that|to)\b|(?:possible|ok|okay|fine|necessary|enough|common|normal)\s+(?:if|when|for|whether)\b"
    r"|called\b|because\b|worth\b)"
    r"|\bit\s+(?:matters?|means?|takes?|helps?)\s+(?:to|that|if|whether|when|how|which)\b"
    r"|\bmak(?:e|es|ing)\s+it\s+\w+\s+(?:to|for|that)\b",
    re.IGNORECASE,
)
# What stands around a pronoun whose antecedent is in the question: a clause that ended, "the range" + "it was".
CLAUSE_END = re.compile(r"[，,；;。.?？！!：:]|\b(?:and|but|because|so|if|when|which|then|while|or)\b", re.IGNORECASE)
RELATIVE_START = re.compile(r"\b(?:an?|the|every|each|any)\s+(?:\w+\s+){1,2}$", re.IGNORECASE)
RELATIVE_VERB = re.compile(r"\s+(?:is|was|has|had|can|could|will|would|does|did|never|\w+(?:s|ed))\b", re.IGNORECASE)
OF_IT = re.compile(r"[\s”\"』」里中的]+")  # between a thing and its 第二个, or 那个 as an article
# ... and is not, where another thing is only compared with it: "与 Adam 相比，它".
COMPARED = re.compile(
    r"^(?:与|和|跟|同|比起|相比于|相较于|除了|不同于|compared (?:with|to)|unlike|besides|instead of|apart from)",
    re.IGNORECASE,
)

# A question for a name.
WHICH = re.compile(
    r"哪(?:个|种|一|类|款)|用什么|\bwhich\b|\bwhat\s+(?!is\b|are\b|was\b|does\b|do\b|did\b|about\b)\w+", re.IGNORECASE
)
PARENTHESIS = re.compile(r"[（(][^（()）]*[)）]|\[\d+\]")
ITEM_START = re.compile(
    r"(?:^|[\n。；;：:，,]|(?<=\s))\s*(?:[-*+•]\s+|\(?\d{1,2}[.)、．]\s*|（\d{1,2}）|[①-⑩]"
    r"|第[一二三四五六七八九十](?:[，,：:是]|[个种条点项类][是，,：:]?)|[一二三四五]是|(?:首先|其次|再次|最后)是?[，,]?"
    r"|(?:first|second|third|fourth|fifth|finally)\b[,:]?)",
    re.IGNORECASE,
)
ITEM_HEAD_END = re.compile(r"[：:，,；;。\n]")
BETWEEN_ITEMS = re.compile(
    r"\s*(?:、|[,，]?\s*(?:和|与|以及|及|或|and|or|vs\.?|versus)|,)\s*(?:(?:an?|the)\s+)?", re.IGNORECASE
)
