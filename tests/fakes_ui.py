"""Notes that follow a script, with the interface that the page uses: no index, no model, no waits but its own."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from qa.errors import AnswerStopped, BadQuestion, ModelFailed, NoteChanged, NotesQAError, UnknownTopic
from qa.note_files import AddedFile, NewFile, NoteFile, SavedNote
from qa.note_tree import ListedNote, NoteTree
from qa.types import (
    Answer,
    AnswerLanguage,
    Citation,
    Conflict,
    Done,
    Event,
    Failed,
    Hit,
    IndexChanges,
    IndexState,
    Language,
    Note,
    Passage,
    Progress,
    SkippedFile,
    Sources,
    TextDelta,
    Topic,
    Turn,
)

CNN = """# AI Interview

## CNN

### 池化 Pooling

相邻区域的特征**往往相似**，所以把它们合并可以减少计算量。

- 降维：特征图变小，后面各层的计算量随之减少
- 增强平移不变性，`stride=2` 时输出长度为 $\\lfloor (n-k)/2 \\rfloor + 1$

| 方式 | 输出 | 常见位置 |
|------|------|------|
| 最大池化 | 窗口里的最大值 | 卷积层之后 |
| 平均池化 | 窗口里的平均值 | 网络末端 |

$$
y_{ij} = \\max_{(p,q) \\in R_{ij}} x_{pq}
$$

```python
def max_pool(x, k=2):
    return x.reshape(-1, k).max(axis=1)
```
"""

ENGLISH = """# Training tricks

## Warm-up

Raise the learning rate slowly during the first steps, because Adam's second moment is not reliable yet.
"""

PAYLOAD = """# Payload

<script>window.pwned = 1</script>
<img src=http://tracker.example/a.png onerror="window.pwned = 2">
![x](http://tracker.example/b.png) [click](javascript:window.pwned=3) <http://tracker.example/>
<form action=http://tracker.example/><input name=q></form>
<iframe src=http://tracker.example/></iframe><style>body{background:url(http://tracker.example/c.png)}</style>
$\\href{javascript:window.pwned=4}{x} \\includegraphics{http://tracker.example/d.png}$ %%%LATEX_BLOCK_0%%%
<details open ontoggle=window.pwned=5></details></div></details><svg onload=window.pwned=6>
"""


def note(path: str, text: str, language: Language) -> Note:
    return Note(path, text.splitlines()[0].removeprefix("# "), text, "0" * 64, language)


NOTES = {
    n.path: n
    for n in (
        note("ai-interview.md", CNN, "zh"),
        note("training-tricks.md", ENGLISH, "en"),
        note('<img src=x onerror="window.pwned=7">.md', PAYLOAD, "en"),
    )
}


def passage(note_path: str, headings: tuple[str, ...], start: int = 0) -> Passage:
    n = NOTES[note_path]
    text = n.text[start:]
    first = n.text.count("\n", 0, start) + 1
    last = first + text.rstrip("\n").count("\n")
    return Passage(note_path, n.title, headings, text, start, len(n.text), first, last, n.language)


POOLING = passage("ai-interview.md", ("AI Interview", "CNN", "池化 Pooling"), CNN.index("### 池化"))
WARM_UP = passage("training-tricks.md", ("Training tricks", "Warm-up"), ENGLISH.index("## Warm"))
HOSTILE = passage('<img src=x onerror="window.pwned=7">.md', ("<script>window.pwned=8</script>",))


def citation(number: int, of: Passage, quote: str) -> Citation:
    start = NOTES[of.note_path].text.index(quote, of.start)
    first = NOTES[of.note_path].text.count("\n", 0, start) + 1
    return Citation(number, of, quote, first, first + quote.count("\n"))


def hits(*passages: Passage) -> tuple[Hit, ...]:
    return tuple(Hit(p, rank, 1 / (60 + rank), rank, rank, 0.9) for rank, p in enumerate(passages, 1))


ZH = (
    "池化有两个作用：一是降维，减少后面各层的计算量 [1]；二是增强平移不变性，"
    "输出长度为 $\\lfloor (n-k)/2 \\rfloor + 1$ [2]。"
)
EN = (
    "Pooling does two things: it reduces the dimensions and with them the computation [1], "
    "and it adds translation invariance [2]."
)
FIRST = "**往往相似**，所以把它们合并可以减少计算量。\n\n- 降维：特征图变小"
SECOND = "增强平移不变性，`stride=2` 时输出"


NOTHING_NEW = IndexChanges((), (), (), 2, 0, 8, 8, (), 0.01)


class FakeNotes:
    """Answers by what the question contains; `closed` says that a stream was ended before its end.

    `news` is what watching the notes brings, one after the other; what is no NotesQAError is raised.
    """

    model_name = "scripted-fake"
    answers_at_once = 4

    def __init__(self, pause: float = 0.02, warm_up_seconds: float = 0.0) -> None:
        self.pause = pause  # seconds between two deltas
        self.warm_up_seconds = warm_up_seconds
        self.closed = threading.Event()
        self.asked: list[tuple[str, AnswerLanguage, str | None, tuple[Turn, ...]]] = []
        self.allowed: list[tuple[bool | None, bool | None]] = []
        self.changed = False
        self.stale: tuple[str, ...] = ()
        self.news: queue.Queue[Progress | IndexChanges | Exception] = queue.Queue()
        self.news.put(NOTHING_NEW)
        self.more_topics: tuple[Topic, ...] = ()
        self.texts = dict(NOTES)  # as they are indexed now

    def warm_up_encoder(self) -> None:
        pass

    def warm_up(self) -> None:
        time.sleep(self.warm_up_seconds)

    def ask(
        self,
        question: str,
        language: AnswerLanguage = "auto",
        topic: str | None = None,
        history: Sequence[Turn] = (),
        top_k: int | None = None,
    ) -> Answer:
        last = [event for event in self.stream(question, language, topic, history) if isinstance(event, Done)]
        return last[0].answer

    def stream(
        self,
        question: str,
        language: AnswerLanguage = "auto",
        topic: str | None = None,
        history: Sequence[Turn] = (),
        *,
        strict: bool | None = None,
        allow_general: bool | None = None,
        halt: threading.Event | None = None,
    ) -> Iterator[Event]:
        self.asked.append((question, language, topic, tuple(history)))
        self.allowed.append((strict, allow_general))
        if not question.strip():
            raise BadQuestion("The question is empty. Type one.")
        if topic == "gone.md":
            raise UnknownTopic("gone.md", ("ai-interview.md",))
        answer = self._answer(question, language)
        yield Sources(answer.hits)
        try:
            if "reading" in question and halt is not None:  # no word comes while the model reads a long prompt
                halt.wait()
                self.closed.set()
                yield Failed(AnswerStopped("The answer was stopped."), {})
                return
            while "endless" in question:
                time.sleep(self.pause)
                yield TextDelta("en", "again and ")
            for of, text in answer.texts.items():
                for at in range(0, len(text), 4):
                    time.sleep(self.pause)
                    if "break" in question and at > 40:
                        raise ModelFailed("The chat model stopped in the middle. Ask again.")
                    if "crash" in question and at > 20:
                        raise RuntimeError("secret inner detail")
                    yield TextDelta(of, text[at : at + 4])
        except GeneratorExit:
            self.closed.set()
            raise
        yield Done(answer)

    def _answer(self, question: str, language: AnswerLanguage) -> Answer:
        if "天气" in question or "weather" in question:
            texts: dict[Language, str] = {"zh": "笔记里没有关于这个问题的内容。最接近的主题是：池化 Pooling、Warm-up。"}
            return Answer(question, texts, (), hits(POOLING, WARM_UP), abstained=True)
        if "payload" in question:
            cited = (citation(1, HOSTILE, "<script>window.pwned = 1</script>"),)
            return Answer(question, {"en": PAYLOAD + " [1]"}, cited, hits(HOSTILE, POOLING), abstained=False)
        if "新" in question:
            fact = "池化窗口是 7x7 [1]。" if self.changed else "笔记没有说 [1]。"
            return Answer(question, {"zh": fact}, (citation(1, POOLING, SECOND),), hits(POOLING), abstained=False)
        zh = any("一" <= character <= "鿿" for character in question)
        wanted: tuple[Language, ...] = ("zh", "en") if language == "both" else (("zh",) if zh else ("en",))
        if language in ("zh", "en"):
            wanted = (language,)
        return Answer(
            question,
            {of: {"zh": ZH, "en": EN}[of] for of in wanted},
            (citation(1, POOLING, FIRST), citation(2, POOLING, SECOND)),
            hits(WARM_UP, POOLING),
            abstained=False,
            conflicts=(Conflict(1, 2),) if "矛盾" in question else (),
            model=self.model_name,
        )

    def search(self, query: str, top_k: int = 5, topic: str | None = None) -> list[Hit]:
        if topic == "gone.md":
            raise UnknownTopic("gone.md", ("ai-interview.md",))
        return list(hits(POOLING, WARM_UP))[:top_k]

    def topics(self) -> tuple[Topic, ...]:
        pooling = Topic("池化 Pooling", "ai-interview.md#CNN/池化 Pooling", 2)
        return (
            Topic("AI Interview", "ai-interview.md", 5, (Topic("CNN", "ai-interview.md#CNN", 4, (pooling,)),)),
            Topic(
                "<b>Training</b> tricks", "training-tricks.md", 3, (Topic("Warm-up", "training-tricks.md#Warm-up", 3),)
            ),
            *self.more_topics,
        )

    def note(self, path: str) -> Note | None:
        return self.texts.get(path)

    def note_tree(self) -> NoteTree:
        notes = (ListedNote(n.path, n.title, (n.language,), 2, len(n.text.encode())) for n in NOTES.values())
        return NoteTree(tuple(notes), (), (SkippedFile("broken.md", "not UTF-8 text"),))

    def read_note(self, path: str) -> NoteFile:
        if path not in NOTES:
            raise NoteChanged(f"There is no note {path!r} any more.", gone=True)
        return NoteFile(path, NOTES[path].text, NOTES[path].sha256, "utf-8")

    def save_note(self, path: str, text: str, sha256: str) -> SavedNote:
        return SavedNote(path, sha256, "utf-8", False, True)

    def add_note(self, file: NewFile) -> AddedFile:
        return AddedFile(file.name, file.name, "added")

    def index_state(self) -> IndexState:
        return IndexState(True, self.stale)

    def watch(
        self,
        stop: threading.Event,
        report: Callable[[IndexChanges | NotesQAError], None],
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        while not stop.is_set():
            try:
                news = self.news.get(timeout=0.05)
            except queue.Empty:
                continue
            if isinstance(news, Progress):
                assert progress
                progress(news)
            elif isinstance(news, IndexChanges | NotesQAError):
                report(news)
            else:
                raise news

    def rebuild(self, full: bool = False, progress: Callable[[Progress], None] | None = None) -> IndexChanges:
        for done in range(1, 6):
            time.sleep(self.pause * 5)
            if progress:
                progress(Progress("encode", done, 5))
        first, self.changed = not self.changed, True
        skipped = (SkippedFile("broken.md", "not UTF-8 text"),)
        if not first:
            return IndexChanges((), (), (), 3, 0, 8, 8, skipped, 0.02)
        return IndexChanges(("new.md",), ("ai-interview.md",), ("old.md",), 1, 5, 3, 8, skipped, 0.4)
