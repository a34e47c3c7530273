"""One chat model, loaded when it is wanted and freed once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes_chat import ScriptedEngine

from qa.chat import LocalChatModel
from qa.errors import ModelFailed, ModelUnreachable
from qa.model_holder import ModelHolder


def test_threads_that_want_it_at_once_get_one_that_is_loaded_once() -> None:
    model = LocalChatModel(engine=ScriptedEngine(""), name_of_model="scripted")
    started, go_on = threading.Event(), threading.Event()
    loaded: list[str] = []

    def load() -> tuple[LocalChatModel, str]:
        loaded.append(threading.current_thread().name)
        started.set()
        assert go_on.wait(20)
        return model, "scripted"

    holder = ModelHolder(load)
    assert (holder.model, holder.name, holder.answers_at_once) == (None, "", 1)
    with ThreadPoolExecutor(3) as threads:
        wanted = [threads.submit(holder.get) for _ in range(3)]
        assert started.wait(20)
        go_on.set()
        assert [each.result(20) for each in wanted] == [(model, "scripted")] * 3
    assert len(loaded) == 1
    assert (holder.model, holder.name, holder.answers_at_once) == (model, "scripted", 1)
    holder.close()


def test_without_a_model_of_this_process_several_are_answered_at_once() -> None:
    holder = ModelHolder(lambda: (None, "extractive"))
    assert holder.get() == holder.get() == (None, "extractive")
    assert holder.answers_at_once == 4


def test_what_failed_to_load_is_loaded_when_it_is_wanted_again() -> None:
    outcomes = iter([False, True])

    def load() -> tuple[None, str]:
        if not next(outcomes):
            raise ModelUnreachable("No server answers.")
        return None, "extractive"

    holder = ModelHolder(load)
    with pytest.raises(ModelUnreachable):
        holder.get()
    assert holder.name == ""
    assert holder.get() == (None, "extractive")


def test_closing_frees_it_and_it_is_not_loaded_again() -> None:
    engine = ScriptedEngine("")
    holder = ModelHolder(lambda: (LocalChatModel(engine=engine, name_of_model="scripted"), "scripted"))
    holder.get()
    holder.close()
    assert engine.closed
    assert holder.model is None
    holder.close()
    with pytest.raises(ModelFailed, match="closed"):
        holder.get()
    with pytest.raises(ModelFailed, match="closed"):
        holder.check_open()
