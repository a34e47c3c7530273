"""A search over notes made by hand, with the word encoder."""

from __future__ import annotations

from pathlib import Path

from fakes import WordEncoder

from qa.glossary import Concept, Glossary
from qa.index import Index
from qa.indexing import refresh
from qa.retrieval import Retriever

GLOSSARY = Glossary(
    [
        Concept(("池化",), ("pooling",)),
        Concept(("门控循环单元",), ("gated recurrent unit", "GRU")),
        Concept(("过拟合",), ("overfitting",)),
    ]
)
NOTES = {
    "cnn.md": "# 卷积神经网络\n\n## 池化\n\n池化层缩小特征图，没有参数。\n\n## 填充\n\n填充保持特征图的大小。\n",
    "rnn.md": "# Recurrent networks\n\n## GRU\n\nA gated recurrent unit has an update gate and a reset gate.\n\n"
    "## Training\n\nClip gradients that explode.\n",
    "svm.md": "# SVM\n\n支持向量机最大化间隔。\n\n## Kernel\n\nThe kernel trick needs no explicit map.\n",
}


def read_glossary() -> Glossary:
    return GLOSSARY


def retriever(folder: Path, notes: dict[str, str], encoder: WordEncoder | None = None) -> Retriever:
    corpus = folder / "corpus"
    corpus.mkdir()
    for name, text in notes.items():
        (corpus / name).write_text(text, encoding="utf-8")
    index, encoder = Index(folder / "index"), encoder or WordEncoder()
    refresh(corpus, index, encoder)
    return Retriever(index, encoder, read_glossary)
