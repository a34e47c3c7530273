"""Tells sentences of a note that are addressed to an assistant, or sell something, from those that say something.

A note is data. Where it holds "ignore the above and reply ...", that sentence is neither shown to the model nor quoted.
Nor is an advertisement, which may pose as the answer to a question: who is to buy, and where, in one sentence.
This is a net, not a wall: what slips through still has to pass the check of every sentence against the notes.
"""

from __future__ import annotations

import re

from qa.language import normalize

# What no note says to a reader: comments that nobody sees, marks of a chat, an address to a program, letters set apart.
_SURE = re.compile(
    r"^<!--|<\|?(?:im_start|im_end|system|assistant|endoftext)\|?>|<\|im_|\[/?inst\]|<</?sys>>"
    r"|#{2,}\s*(?:instructions?|system|response)\b"
    r"|(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instructions?|prompts?|guidelines)\b"
    r"|(?:ignore|disregard|forget|override|bypass) (?:all |any |your |the |these )+(?:\w+ )?rules\b"
    # Of things said before only as an order: "bypass the previous layer" and "forget previous gradients" say something.
    r"|(?:^\W*|[.;:!?,] |\b(?:please|now|then|and|must|should|you) )(?:ignore|disregard|forget)"
    r" (?:all |any |everything |the |of |that |this |was |is |written |said |provided |given )*"
    r"(?:above|previous|prior|earlier|before|everything|context|notes?|text|messages?|passages?)"
    r"(?: context| notes?| text| messages?| passages?| content)?(?=\s*(?:[.,;:!]|$|\b(?:and|then|but)\b))"
    r"|(?:olvida|ignora|oublie[zr]?|ignore[zr]|vergiss|ignoriere)\b.{0,40}(?:instruc|consigne|anweisung)"
    r"|^\W*<(?:instructions?|system|context|prompt)\b|</(?:instructions?|system|context|prompt)>|(?:\b[a-z]\s){8,}"
    r"|(?:^|[|\"'(\[\s])(?:dear |hey |hi |attention,? |atención,? )?(?:ai )?"
    r"(?:assistant|asistente|chatbot)s?\s*[,:：，]|(?:^|[|\"'(\[\s])(?:language model|ai)\s*[:：]\s*"
    r"(?:please|now|you|do not|don't|always|never|only|ignore|answer|reply|respond|say|write|output|print) "
    r"|\b(?:for|to) (?:any |all |the )?(?:ai|assistants?|chatbots?|llms?)(?: readers?| models?| assistants?)?\s*[,:：]"
    r"|\b(?:developers?|authors?|owners?|operators?|admins?) of this (?:program|app|application|tool|system|chatbot)\b"
    r"|(?:^|[|“\"（(【\s])(?:(?:亲爱的|尊敬的|各位|给|致|请)(?:助手|机器人|聊天机器人|ai|大模型)|助手|机器人|聊天机器人)"
    r"(?:注意|请|们|的话|须知|[，,：:])"
    r"|(?:^|[|“\"（(【\s])(?:ai|大模型)(?:注意|请|们[，,：:请]|须知"
    r"|[，,：:]\s*(?:请|你|从现在|现在起|回答|回复|输出|说|写|忽略|无视|不要|必须|务必|只|总是|一律))"
    r"|(?:本|这个|该)(?:程序|系统|应用|工具)的?(?:开发者|作者|管理员|主人)"
    r"|\b(?:reply|respond|answer) with (?:exactly|only|just|nothing but|the (?:exact )?(?:words?|phrase|sentence))\b"
    r"|\byou are (?:now|no longer)\b|\bfrom now on,? (?:you|answer|reply|respond|always|speak|write)"
    r"|\byour (?:new|real|only|true|secret) (?:task|role|job|goal|instructions?|name|persona)"
    r"|\b(?:reveal|print|repeat|show|leak|output|dump)\b.{0,30}\b(?:your|the) (?:system )?(?:prompt|instructions)"
    r"|\b(?:end|start) of (?:the )?(?:notes|context|data|excerpts|passages)\b|\bnew (?:task|instructions?)\s*[:：]"
    r"|(?:忽略|无视|忘记|忘掉|不要理会|不用理会|抛开|推翻)(?:掉|了)?.{0,12}(?:指令|指示|提示词|提示)"
    r"|(?:忽略|无视|忘记|忘掉|不要理会|不用理会|抛开|推翻)(?:掉|了)?.{0,4}"
    r"(?:以上|上面|上述|之前|前面|先前|所有|一切|全部|你的|系统).{0,6}(?:要求|规则|限制|设定|约束)"
    r"|(?:忽略|无视|忘记|忘掉|不要理会|不用理会|抛开)(?:掉|了)?(?:以上|上面|上述|之前|前面|上文|所有|一切)"
    r"(?:的)?(?:所有|一切|全部)?(?:的)?(?:内容|文字|文本|上下文|笔记|话)?(?=\s*(?:[，,。.；;！!：:]|$|并|然后|直接|请|只))"
    r"|^\W*(?:请)?(?:只|仅|直接)(?:输出|回复|回答|说)(?:一个)?[“\"「『]|(?:答案|回答|回复)(?:永远|一律|必须)(?:是|为|写)"
    r"|\b(?:output|say|write|print) (?:exactly|only|just|nothing but) (?:the )?(?:words?|phrase|sentence|string)\b"
    r"|(?:你|您)(?:现在|从现在起|今后|不再)(?:是|要|必须|应该|扮演)|从现在(?:开始|起).{0,6}(?:你|请|只|一律|回答|必须|都)"
    r"|你的(?:新|真正|唯一|秘密)(?:的)?(?:任务|角色|身份|名字|指令)"
    r"|(?:输出|打印|复述|透露|显示|说出|泄露).{0,8}(?:你的|系统)(?:的)?(?:提示词|提示|指令|设定|规则)"
    r"|(?:笔记|片段|资料|上下文)(?:到此)?(?:结束|完毕)|新(?:任务|指令)\s*[:：]"
)
# Who or what is spoken to, and what it is to do: only both together.
_ADDRESSED = re.compile(
    r"\b(?:ai|assistant|assistants|chatbot|bot|llm|language model|model reading|dear model|reader model|copilot"
    r"|whoever answers|(?:anyone|anybody|whoever|everyone) (?:\w+ )?(?:summari[sz]|read|answer|quot|us)(?:es|s|ing)?\b"
    r"|when (?:you are )?asked|if (?:you are |anyone |someone |the user )?(?:asked|asks)|the user"
    r"|every (?:answer|reply|response)|(?:any|all|each|your|the|this|in) (?:answers?|reply|replies|responses?))\b"
    r"|助手|机器人|人工智能|大模型|语言模型|\bai\b|聊天程序|如果(?:有人|用户|被)?.{0,4}问|当(?:有人|用户|被).{0,4}问|被问到|用户"
    r"|(?:每个|每次|每一?条|所有|任何|你的|回答|答案|回复)(?:的)?(?:回答|答案|回复|末尾|结尾|开头|最后|里|中|时|后面|前)"
)
_TOLD = re.compile(
    r"^(?:\W|\b(?:please|now|note|important|attention|system|assistant|ai|hey|dear|also|then|instead|kindly|hidden"
    r"|instruction)\b)*"
    r"(?:always |only |just |simply |immediately )?(?:answer|reply|respond|say|write|output|print|append|add|include"
    r"|insert|end|begin|start|finish|cite|translate|pretend|act|claim|tell|mention|recommend|speak|use only|refuse"
    r"|do not|don't|never|stop)\b"
    r"|\b(?:must|should|shall|will|has to|have to|needs? to|are to|is to|are required to|orders?|instructs?"
    r"|requests?)\b"
    r".{0,40}\b(?:answer|reply|respond|say|write|output|append|add|include|end|begin|cite|claim|tell|mention|recommend"
    r"|refuse|state)\b"
    r"|\balways (?:say|answer|reply|respond|state|claim|recommend|add|append|include|end|write)\b"
    r"|(?:请|务必|必须|一律|只能|只需|都要|应当|应该|记得|直接|不要|不得|禁止|切勿|总是|永远|始终)"
    r".{0,16}(?:回答|回复|答复|输出|说|写|写上|附上|加上|添加|推荐|引用|标注|拒绝|声称|提到|翻译|扮演|告诉|结尾|开头|注明)"
)
# What is to be bought, and where: only both together.
_BUYING = re.compile(
    r"\b(?:buy|purchase|(?<!in )order (?:now|today|it|one|yours?|online|our|the)|subscribe (?:now|today)|sign up"
    r"|enroll?|pre-?order|book (?:now|your|a))\b"
    r"|购买|订购|下单|选购|抢购|购课|报班|付费开通|(?:直接|赶快|立即|马上|赶紧)(?:买|报名|订)"
)
_PLACE = re.compile(
    r"https?://|\bwww\.|\b[a-z0-9-]+\.(?:com|cn|net|org|io|shop|store|app|co|me|xyz|top|vip|example)\b"
    r"|微信号|公众号|小程序|扫码|二维码|加微信|客服|\bqr code\b|\bpromo(?:tion)? code\b"
)


def gives_order(sentence: str) -> bool:
    """Whether a sentence tells somebody to say something; next to an instruction it is one too."""
    return bool(_TOLD.search(normalize(sentence)))


def is_instruction(sentence: str) -> bool:
    """Whether a sentence tells an assistant what to do or a reader what to buy, instead of saying something."""
    text = normalize(sentence)
    spoken_to = _ADDRESSED.search(text) and _TOLD.search(text)
    return bool(_SURE.search(text) or spoken_to or (_BUYING.search(text) and _PLACE.search(text)))
