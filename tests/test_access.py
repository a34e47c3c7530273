"""Nothing of the notes is read without a login, at any address; and passwords cannot be tried without end."""

from __future__ import annotations

import base64
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
from fakes_ui import FakeNotes
from pages_ui import LIBRARY_WARNINGS, served
from starlette.routing import Mount, Route

from qa.conversations import Conversations, Exchange, Options
from qa.types import Answer
from qa.ui.access import Access, Attempts, TooManyFailures
from qa.ui.login import OPEN
from qa.ui.site import Site
from qa.ui.warming import Warming
from qa.users import Users

pytestmark = LIBRARY_WARNINGS
PASSWORD = "correct horse"
SECRET = ("池化", "ai-interview", "scripted-fake", "所问之事", "nq-question", "version")


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("access")


@pytest.fixture(scope="module")
def users(folder: Path) -> Users:
    users = Users(folder / "users.json")
    users.put("ann", PASSWORD)
    users.put("bob", PASSWORD)
    return users


@pytest.fixture(scope="module")
def conversations(folder: Path) -> Conversations:
    return Conversations(folder / "conversations.db", folder)


@pytest.fixture(scope="module")
def address(users: Users, conversations: Conversations) -> Iterator[str]:
    with served(FakeNotes(), conversations, users) as url:
        yield url


@contextmanager
def client(address: str, name: str = "") -> Iterator[httpx.Client]:
    """A visitor, logged in if there is a name."""
    with httpx.Client(base_url=address, timeout=60) as visitor:
        if name:
            assert visitor.post("/login", data={"username": name, "password": PASSWORD}).json() == {"success": True}
        yield visitor


def all_routes(app: object, above: str = "") -> Iterator[tuple[str, str]]:
    """(method, path) of every address of an application and of what is mounted in it."""
    for route in getattr(app, "routes", ()):
        path = above.rstrip("/") + re.sub(r"\{[^}]*\}", "x", getattr(route, "path", ""))
        if isinstance(route, Mount):
            yield from all_routes(route.app, path)
            yield "GET", path + "/x"
        elif router := getattr(route, "original_router", None):
            yield from all_routes(router, above)
        elif isinstance(route, Route):
            for method in route.methods or {"GET"}:
                yield method, path


def test_no_address_answers_a_stranger(users: Users, conversations: Conversations, address: str) -> None:
    """Every route of the application that a server of the same kind has."""
    httpx.get(f"{address}healthz", timeout=60)  # it stands: Gradio cannot build two pages at once
    routes = {(method, path) for method, path in every_route(users, conversations) if path not in OPEN}
    assert len(routes) > 50
    assert {("GET", "/config"), ("GET", "/"), ("GET", "/theme.css"), ("GET", "/ratings.jsonl")} <= routes
    with client(address) as stranger:
        for method, path in sorted(routes):
            answer = stranger.request(method, path)
            assert answer.status_code == 401, (method, path)
            assert not any(word in answer.text for word in SECRET), (method, path)
            assert method == "HEAD" or answer.json() == {"detail": "Please log in."}


def every_route(users: Users, conversations: Conversations) -> list[tuple[str, str]]:
    from qa.ui.server import build_app

    async def build() -> list[tuple[str, str]]:  # in an event loop: Gradio would open one and leave it
        notes = FakeNotes()
        app = build_app(notes, Site(conversations=conversations, users=users), Warming(notes))
        return list(all_routes(app))

    return anyio.run(build)


@pytest.mark.parametrize(
    "path",
    ["/", "/?c=abc_-1", "//", "/./config", "/%2e/config", "/login/../config", "/gradio_api/mcp/", "/assets/x.js"],
)
def test_a_strangers_browser_is_led_to_the_login_page(address: str, path: str) -> None:
    with client(address) as stranger:
        answer = stranger.get(path, headers={"accept": "text/html"})
        assert answer.status_code == 303
        assert answer.headers["location"] == ("/login?c=abc_-1" if "c=abc" in path else "/login")
        assert answer.headers["cache-control"] == "no-store"


def test_the_address_that_one_is_led_back_to_is_never_elsewhere(address: str) -> None:
    with client(address) as stranger:
        for bad in ("//evil.example", "a/b", "x" * 65, "<script>", "é"):
            answer = stranger.get("/", params={"c": bad}, headers={"accept": "text/html"})
            assert answer.headers["location"] == "/login"
            assert bad not in stranger.get("/login", params={"c": bad}).text


def test_only_health_is_told_and_nothing_of_the_notes_with_it(address: str) -> None:
    with client(address) as stranger:
        assert stranger.get("/healthz").json().keys() == {"status", "model_loading", "index_refreshing"}


def test_after_a_login_the_page_is_there_and_after_a_logout_it_is_not(address: str) -> None:
    with client(address, "ann") as ann:
        assert ann.get("/config").json()["username"] == "ann"
        assert ann.get("/").status_code == 200
        assert ann.get("/login").headers["location"] == "/"
        token = dict(ann.cookies)
        left = ann.get("/logout")
        assert (left.status_code, left.headers["location"]) == (303, "/login")
        assert not ann.cookies
        ann.cookies.update(token)
        assert ann.get("/config").status_code == 401


def test_the_cookie_is_for_this_site_only_and_no_script_reads_it(address: str) -> None:
    with client(address) as visitor:
        form = {"username": "ann", "password": PASSWORD}
        answer = visitor.post("/login?c=abc", data=form, headers={"accept": "text/html"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/?c=abc")
        cookie = answer.headers["set-cookie"]
        assert re.fullmatch(r"notes-qa-\d+=[\w-]{43}; HttpOnly; Max-Age=604800; Path=/; SameSite=strict", cookie)


def test_a_form_of_another_site_logs_nobody_in(address: str) -> None:
    with client(address) as visitor:
        form = {"username": "ann", "password": PASSWORD}
        for foreign in (
            {"origin": "http://evil.example"},
            {"origin": "null"},
            {"origin": "null", "sec-fetch-site": "cross-site"},
            {"origin": f"{address.rpartition(':')[0]}:1", "sec-fetch-site": "same-site"},
        ):
            assert visitor.post("/login", data=form, headers=foreign).status_code == 403
        assert not visitor.cookies
        assert visitor.post("/login", data={"username": "a" * 20000}).status_code == 413


@pytest.mark.parametrize(("header", "status"), [("origin: http://evil.example", 403), ("accept: */*", 401)])
def test_who_is_still_sending_hears_the_refusal(address: str, header: str, status: int) -> None:
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        head = f"POST /upload HTTP/1.1\r\nhost: {place.netloc}\r\n{header}\r\ncontent-length: 2000000\r\n"
        connection.sendall(f"{head}connection: close\r\n\r\n".encode())
        for _ in range(4):
            time.sleep(0.05)
            connection.sendall(b"a" * 500_000)
        said = b"".join(iter(lambda: connection.recv(65536), b""))
    assert said.startswith(f"HTTP/1.1 {status}".encode())


def test_who_waits_for_our_word_before_sending_is_refused_at_once(address: str) -> None:
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port), timeout=5) as connection:
        head = f"POST /upload HTTP/1.1\r\nhost: {place.netloc}\r\nexpect: 100-continue\r\ncontent-length: 2000000\r\n"
        connection.sendall(f"{head}connection: close\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 401")


def test_own_form_logs_in_where_browsers_say_nothing_of_its_site(address: str) -> None:
    """Over plain HTTP they send no Sec-Fetch headers."""
    with client(address) as visitor:
        own = {"origin": address.rstrip("/"), "accept": "text/html", "user-agent": "Mozilla/5.0"}
        assert visitor.post("/login", data={"username": "ann", "password": PASSWORD}, headers=own).status_code == 303


def test_a_wrong_password_is_told_in_the_readers_language_and_without_script(address: str) -> None:
    with client(address) as visitor:
        headers = {"accept": "text/html", "accept-language": "zh-CN"}
        form = {"username": '"><script>x</script>', "password": "wrong password"}
        answer = visitor.post("/login", data=form, headers=headers)
        assert answer.status_code == 401
        assert '<p role="alert">用户名或密码不对。</p>' in answer.text
        assert 'value="&quot;&gt;&lt;script&gt;x&lt;/script&gt;"' in answer.text
        assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_a_program_sends_name_and_password_with_its_request(address: str) -> None:
    with client(address) as program:
        assert program.get("/config").headers["www-authenticate"] == 'Basic realm="notes-qa", charset="UTF-8"'
        assert program.get("/config", auth=("bob", PASSWORD)).json()["username"] == "bob"
        assert program.get("/config", auth=("bob", PASSWORD + "x")).status_code == 401
        for header in ("Basic ???", "Basic " + base64.b64encode(b"bob").decode(), "Bearer x", "Basic"):
            assert program.get("/config", headers={"authorization": header}).status_code == 401
        browser = {"sec-fetch-mode": "cors"}
        assert "www-authenticate" not in program.get("/config", headers=browser).headers
        old = {"user-agent": "Mozilla/5.0"}
        assert "www-authenticate" not in program.get("/config", headers=old).headers


def test_downloads_are_their_owners(address: str, conversations: Conversations) -> None:
    identity = conversations.begin("ann", "所问之事")
    conversations.append("ann", identity, Exchange("所问之事", Options(), Answer("q", {"zh": "答"}, (), (), False)))
    with client(address, "ann") as ann, client(address, "bob") as bob, client(address) as stranger:
        for kind, media in (("md", "text/markdown"), ("json", "application/json")):
            path = f"/conversations/{identity}.{kind}"
            mine = ann.get(path)
            assert mine.status_code == 200
            assert mine.headers["content-type"] == f"{media}; charset=utf-8"
            assert mine.headers["content-disposition"] == (
                f"attachment; filename*=UTF-8''%E6%89%80%E9%97%AE%E4%B9%8B%E4%BA%8B.{kind}"
            )
            assert "所问之事" in mine.text
            assert bob.get(path).status_code == 404
            assert "所问之事" not in bob.get(path).text
            assert stranger.get(path).status_code == 401


def test_failures_are_counted_by_name_and_address_and_forgotten_after_an_hour() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(5):
        attempts.begin("name ann", "address 1")
    for keys in (("name ann", "address 2"), ("name bob", "address 1")):
        with pytest.raises(TooManyFailures) as refused:
            attempts.begin(*keys)
        assert refused.value.seconds == 30
    attempts.begin("name bob", "address 2")
    clock.now = 30.0
    attempts.begin("name ann", "address 2")
    with pytest.raises(TooManyFailures) as refused:
        attempts.begin("name ann", "address 3")
    assert refused.value.seconds == 60
    clock.now = 30.0 + 3600.0
    attempts.begin("name ann", "address 3")
    attempts.begin("name ann", "address 3")


def test_a_login_that_works_makes_failures_forgotten() -> None:
    attempts = Attempts(Clock())
    for _ in range(20):
        attempts.begin("name ann", "address 1")
        attempts.succeeded("name ann", "address 1")


def test_waiting_grows_to_a_quarter_of_an_hour_and_no_longer() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    waits = []
    for _ in range(16):
        try:
            attempts.begin("name ann")
        except TooManyFailures as refused:
            waits.append(refused.seconds)
            clock.now += refused.seconds
            attempts.begin("name ann")
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900, 900, 900, 900]


class FastUsers(Users):
    """Compares texts, so that many logins take no time."""

    def check(self, name: str, password: str) -> bool:
        return (name, password) == ("ann", PASSWORD)


async def tried(access: Access, times: int) -> list[object]:
    found: list[object] = []

    async def one() -> None:
        try:
            found.append(await access.login("ann", "wrong password", "9.9.9.9"))
        except TooManyFailures as refused:
            found.append(refused.seconds)

    async with anyio.create_task_group() as group:
        for _ in range(times):
            group.start_soon(one)
    return found


def test_many_tries_at_once_get_no_further_than_one_after_the_other(folder: Path, users: Users) -> None:
    access = Access(FastUsers(folder / "users.json"), Clock())
    found = anyio.run(tried, access, 40)
    assert found.count(None) == 5
    assert found.count(30) == 35


def test_a_session_ends_with_its_time_and_with_another_password(tmp_path: Path) -> None:
    users, clock = FastUsers(tmp_path / "users.json"), Clock()
    users.put("ann", PASSWORD)
    access = Access(users, clock)
    token = anyio.run(access.login, "ann", PASSWORD, "1")
    assert token
    assert access.owner_of(token) == "ann"
    assert access.owner_of(token + "x") is access.owner_of("") is None
    clock.now = 7 * 24 * 3600.0
    assert access.owner_of(token) is None
    token = anyio.run(access.login, "ann", PASSWORD, "1")
    assert token
    users.put("ann", "another one")
    assert access.owner_of(token) is None


def test_the_door_stays_closed_when_the_file_of_users_is_deleted_or_damaged(tmp_path: Path) -> None:
    users = FastUsers(tmp_path / "users.json")
    access = Access(users)
    assert not access.required
    users.put("ann", PASSWORD)
    assert access.required
    (tmp_path / "users.json").write_text("{", encoding="utf-8")
    assert access.required
    assert access.owner_of("x") is None
    (tmp_path / "users.json").unlink()
    assert access.required
    assert Access(None).required is False


def test_without_users_the_login_page_leads_to_the_page() -> None:
    with served(FakeNotes()) as open_address, client(open_address) as visitor:
        assert visitor.get("/login").headers["location"] == "/"
        assert visitor.get("/config").status_code == 200
        assert visitor.get("/config", headers={"host": "evil.example"}).status_code == 421
