"""The file of users: hashes only, for its owner's eyes only, and never half written."""

from __future__ import annotations

import json
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from qa.errors import SettingsError
from qa.users import Users

PASSWORD = "correct horse"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "users.json"


def test_a_user_is_known_by_his_password_and_nobody_else_is(file: Path) -> None:
    users = Users(file)
    assert not users
    users.put("安 n", PASSWORD)
    again = Users(file)
    assert again
    assert again.check("安 n", PASSWORD)
    for name, password in (("安 n", "correct horsE"), ("安 n", ""), ("bob", PASSWORD), ("", ""), ("安 n", "\ud800")):
        assert not again.check(name, password)


def test_the_file_holds_hashes_with_a_salt_each_and_is_closed_to_others(file: Path) -> None:
    users = Users(file)
    for name in ("ann", "bob"):
        users.put(name, PASSWORD)
    assert PASSWORD not in file.read_text(encoding="utf-8")
    value = json.loads(file.read_text(encoding="utf-8"))
    assert value["version"] == 1
    assert all(re.fullmatch(r"scrypt\$[\w+/]{22}==\$[\w+/]{43}=", stored) for stored in value["users"].values())
    assert value["users"]["ann"] != value["users"]["bob"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir() if path.suffix == ".tmp"] == []


def test_another_password_takes_the_place_of_the_old_one_in_every_running_program(file: Path) -> None:
    users, running = Users(file), Users(file)
    users.put("ann", PASSWORD)
    before = running.credential("ann")
    users.put("ann", "another one")
    assert running.credential("ann") not in ("", before)
    assert not running.check("ann", PASSWORD)
    assert running.credential("bob") == ""


def test_users_that_are_added_at_once_are_all_there(file: Path) -> None:
    names = [f"user{number}" for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda name: Users(file).put(name, PASSWORD), names))
    assert all(Users(file).credential(name) for name in names)


@pytest.mark.parametrize("name", ["", " ann", "a:b", "a\nb", "x" * 65])
def test_a_name_that_cannot_be_typed_is_refused(file: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=r"cannot be a user's name. Take 1 to 64 characters without a colon"):
        Users(file).put(name, PASSWORD)
    assert not file.exists()


def test_a_short_password_is_refused_and_not_repeated(file: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        Users(file).put("ann", "secret7")
    assert str(refused.value) == "The password of 'ann' has 7 characters. Take one of 8 to 1000."


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": 2, "users": {}}', '{"version": 1, "users": {"ann": "plain"}}', '{"version": 1}']
)
def test_a_damaged_file_lets_nobody_in_and_is_not_overwritten(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    for use in (
        lambda: bool(Users(file)),
        lambda: Users(file).check("ann", "plain"),
        lambda: Users(file).put("b", "x" * 8),
    ):
        with pytest.raises(SettingsError, match=r"cannot be used: .*notes-qa chat --auth NAME"):
            use()
    assert file.read_text(encoding="utf-8") == text


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"NOTES_QA_AUTH_FILE|cannot be used"):
        Users(tmp_path / "data" / "users.json").put("ann", PASSWORD)
