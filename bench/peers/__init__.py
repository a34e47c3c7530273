"""notes-qa beside other pipelines over the same notes, with the same encoder and the same chat model.

    python -m venv peers
    peers/bin/pip install -c constraints.txt -e '.[packaged]' -r bench/peers/requirements.txt
    peers/bin/python -m bench.peers --corpus corpus --questions tests/data/questions.jsonl

constraints.txt keeps torch at the version that the package index serves for processors. The libraries are no
dependencies of notes-qa, so they stay out of its own environment.

What is the same: the notes (a copy for each pipeline), the packaged multilingual-e5-small with its two prefixes, the
packaged chat model, which every pipeline runs by `qa.chat` with its prompt cache, the context and the longest answer.
What differs is the pipeline: how notes are read and cut, how vectors are computed and kept (the others run the encoder
by sentence-transformers, as their documentation has it), how many pieces go into which prompt. Everything there is as
the library's own beginner's tutorial has it, also where it suits Chinese badly: nobody told the tutorial's reader.
"""
