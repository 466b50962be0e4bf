"""Who may use citewise: users, signing in, and a door through which nobody comes unknown."""

import io
import shutil
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from conftest import ARTICLE
from fastapi import FastAPI
from fastapi.testclient import TestClient
from people_server import PASSWORDS, people_server, signed_in
from starlette.routing import Mount, Route

from index.index import Index
from ui.cli import main
from ui.conversations import Conversations
from ui.people.door import Door, People
from ui.people.throttle import Attempts, Rate
from ui.people.users import LONGEST, UserError, Users
from ui.server import create_app
from ui.service import Service

PASSWORD = PASSWORDS["ada"]


@pytest.fixture(scope="module")
def address(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    copy = Path(shutil.copytree(library, tmp_path_factory.mktemp("people") / "library"))
    with people_server(copy) as running:
        yield running


@pytest.fixture
def users(tmp_path: Path) -> Iterator[Users]:
    with closing(Users(tmp_path)) as opened:
        opened._hasher = PasswordHasher(time_cost=1, memory_cost=64)  # the server's are slow, as they should be
        yield opened


@pytest.fixture
def ada(users: Users) -> Any:
    return users.add("ada", PASSWORD)


def client(people: People | None, **how: Any) -> TestClient:
    """Return a client of an application in this process, at which nothing has been opened."""
    app = create_app(Service(people=people), **how)
    return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, raise_server_exceptions=False)


def fetch(address: str, **how: Any) -> httpx.Response:
    return httpx.get(address, timeout=60, **how)


def log_in(http: Any, password: str = PASSWORD, name: str = "ada", **more: str) -> Any:
    return http.post("/login", data={"name": name, "password": password, **more}, follow_redirects=False)


# nobody comes in unknown


def test_every_route_of_the_description_refuses_who_is_not_known(address: str) -> None:
    with signed_in(address, "ada") as http:
        paths = http.get("/api/openapi.json").json()["paths"]
    asked = 0
    for path, operations in paths.items():
        for method in operations:
            answer = httpx.request(method, address + path.replace("{", "").replace("}", ""), timeout=60)
            allowed = path in ("/healthz", "/readyz")
            assert answer.status_code == (200 if allowed else 401), (method, path)
            assert allowed or answer.headers["www-authenticate"] == "Bearer"
            asked += 1
    assert asked >= 8
    assert fetch(address + "/api/openapi.json").status_code == 401


def test_every_route_of_the_application_and_of_gradio_within_refuses_who_is_not_known(users: Users, ada: Any) -> None:
    http = client(People(users, required=True))
    reached, known = [], list(routes(http.app))
    assert {"/config", "/queue/join", "/api/ask", "/documents/{document_id}"} <= {
        path.removeprefix("/gradio_api") for path, _ in known
    }
    for path, methods in known:
        for method in methods - {"HEAD", "OPTIONS"}:
            status = http.request(method, path.replace("{", "").replace("}", "").replace(":path", "")).status_code
            if status not in (401, 403, 404, 405):
                reached.append((method, path))
    assert sorted(set(reached)) == [
        ("GET", "/healthz"),
        ("GET", "/login"),
        ("GET", "/logout"),
        ("GET", "/readyz"),
        ("POST", "/logout"),
    ]


def routes(app: Any, before: str = "") -> Iterator[tuple[str, set[str]]]:
    for route in app.routes:
        if isinstance(route, Mount):
            yield from routes(route, before + route.path)
        elif isinstance(route, Route):
            yield before + route.path, set(route.methods or ())
        elif inner := getattr(route, "original_router", None):
            yield from routes(inner, before)


def test_a_person_is_shown_where_to_sign_in_and_comes_to_what_they_wanted(address: str) -> None:
    with httpx.Client(base_url=address, timeout=60, headers={"accept": "text/html", "origin": address}) as http:
        sent = http.get("/documents/abc?start=3&end=5")
        assert (sent.status_code, sent.headers["location"]) == (
            303,
            "/login?next=%2Fdocuments%2Fabc%3Fstart%3D3%26end%3D5",
        )
        page = http.get(sent.headers["location"])
        assert 'value="/documents/abc?start=3&amp;end=5"' in page.text
        assert "<script" not in page.text
        assert log_in(http, next="/documents/abc?start=3").headers["location"] == "/documents/abc?start=3"
        assert http.get("/documents/abc?start=3").status_code == 404


@pytest.mark.parametrize(
    "evil", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "/\t/e", ""]
)
def test_signing_in_leads_to_no_other_site(address: str, evil: str) -> None:
    with httpx.Client(base_url=address, timeout=60, headers={"origin": address}) as http:
        assert log_in(http, next=evil).headers["location"] == "/"


def test_the_sign_in_page_shows_hostile_names_as_text(address: str) -> None:
    answer = log_in(httpx.Client(base_url=address, timeout=60), "x", name='"><img src=x onerror=alert(1)>')
    assert answer.status_code == 401
    assert "<img" not in answer.text


# sessions


def test_a_session_is_a_cookie_that_scripts_and_other_sites_do_not_get(address: str) -> None:
    cookie = log_in(httpx.Client(base_url=address, timeout=60)).headers["set-cookie"].lower()
    assert {"httponly", "samesite=lax", "path=/"} <= set(cookie.split("; "))
    assert "secure" not in cookie
    behind_https = log_in(httpx.Client(base_url=address, timeout=60, headers={"host": "ask.example"}))
    assert "secure" in behind_https.headers["set-cookie"].lower()


def test_a_session_ends_when_its_person_signs_out(address: str) -> None:
    with signed_in(address, "ada") as http:
        assert http.get("/api/documents").status_code == 200
        cookies = dict(http.cookies)
        assert http.post("/logout").headers["location"] == "/login"
        assert fetch(address + "/api/documents", cookies=cookies).status_code == 401


def test_sessions_end_with_time_a_new_password_and_removal(users: Users, ada: Any) -> None:
    assert users.with_session(users.begin_session(ada, -1)) is None
    session = users.begin_session(ada, 60)
    assert users.with_session(session) == ada
    users.set_password(ada, "another password")
    assert users.with_session(session) is None
    session, token = users.begin_session(ada, 60), users.new_token(ada)
    users.remove(ada)
    assert users.with_session(session) is users.with_token(token) is users.with_password("ada", PASSWORD) is None


def test_what_another_process_revokes_is_revoked_here(users: Users, ada: Any, tmp_path: Path) -> None:
    session = users.begin_session(ada, 60)
    with closing(Users(tmp_path)) as other:
        other.set_password(ada, "another password")
    assert users.with_session(session) is None


def test_a_program_sends_a_token_which_a_new_one_replaces(users: Users, ada: Any) -> None:
    http = client(People(users))
    token = users.new_token(ada)
    bearer = {"authorization": f"Bearer {token}"}
    assert http.get("/v1/models", headers=bearer).status_code == 200
    assert http.post("/v1/chat/completions", json={}, headers=bearer).status_code == 400  # known, but asks nothing
    users.new_token(ada)
    assert http.get("/v1/models", headers=bearer).status_code == 401
    assert "error" in http.get("/v1/models").json()
    for wrong in ("Bearer", "Bearer  ", "Basic YTpi", "Bearer \xff"):
        assert http.get("/v1/models", headers={"authorization": wrong.encode("latin-1")}).status_code == 401


# signing in is throttled


def test_after_five_wrong_passwords_even_the_right_one_waits(users: Users, ada: Any) -> None:
    users.add("bob", PASSWORD)
    people = People(users)
    http = client(people)
    assert [log_in(http, "wrong").status_code for _ in range(5)] == [401] * 5
    refused = log_in(http)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 300
    assert "Too many attempts" in refused.text
    assert log_in(http, name=" ADA ").status_code == 429
    assert log_in(http, name="bob").status_code == 303
    assert people.refused == 7


def test_an_address_that_tries_many_names_waits(users: Users, ada: Any) -> None:
    http = client(People(users, by_address=Attempts(3, 60)))
    assert [log_in(http, "wrong", f"name{n}").status_code for n in range(4)] == [401, 401, 401, 429]
    assert log_in(http).status_code == 429


def test_people_of_one_address_who_know_their_passwords_do_not_wait(users: Users, ada: Any) -> None:
    http = client(People(users, by_address=Attempts(2, 60)))
    http.headers["origin"] = "http://127.0.0.1"
    assert [log_in(http).status_code for _ in range(3)] == [303] * 3


def test_attempts_are_forgiven_with_time() -> None:
    now = [0.0]
    attempts = Attempts(2, 10, lambda: now[0])
    assert [attempts.wait("a"), attempts.wait("a"), attempts.wait("a"), attempts.wait("b")] == [0, 0, 10, 0]
    now[0] = 10.5
    assert attempts.wait("a") == 0
    attempts.forget("b")
    assert attempts.wait("b") == 0


def test_a_sign_in_larger_than_one_is_not_read(address: str) -> None:
    assert log_in(httpx.Client(base_url=address, timeout=60), "x" * 100_000).status_code == 413
    upload = httpx.post(address + "/login", files={"name": ("a", b"x" * 100_000)}, timeout=60)
    assert upload.status_code == 413


# other sites, other machines


def test_another_site_changes_nothing_with_a_persons_cookie(address: str) -> None:
    with signed_in(address, "ada") as http:
        asked = {"json": {"query": "targets"}}
        assert http.post("/api/search", **asked).status_code == 200
        assert http.post("/api/search", **asked, headers={"origin": "https://evil.example"}).status_code == 403
        assert http.post("/api/search", **asked, headers={"origin": "null"}).status_code == 403
        assert http.post("/logout", headers={"origin": "https://evil.example"}).status_code == 403
        cookies = dict(http.cookies)
    silent = httpx.post(address + "/api/search", **asked, cookies=cookies, timeout=60)
    assert silent.status_code == 403
    assert "which page" in silent.json()["error"]


def test_a_form_of_another_site_signs_nobody_in(address: str) -> None:
    http = httpx.Client(base_url=address, timeout=60, headers={"origin": "https://evil.example"})
    assert log_in(http).status_code == 403


def test_who_listens_for_others_answers_under_its_addresses_but_no_foreign_name(address: str, users: Users) -> None:
    for host, status in (("192.168.1.7:80", 200), ("[fe80::1]:80", 200), ("ask.example", 200), ("evil.example", 403)):
        assert fetch(address + "/healthz", headers={"host": host}).status_code == status
    alone = client(None)
    assert alone.get("/healthz", headers={"host": "192.168.1.7"}).status_code == 403


def test_figures_are_read_on_this_machine_without_a_token_and_not_through_a_proxy(address: str) -> None:
    within = fetch(address + "/metrics")
    assert within.status_code != 401
    assert fetch(address + "/metrics", headers={"x-forwarded-for": "192.0.2.1"}).status_code == 401
    assert fetch(address + "/metrics", headers={"host": "ask.example"}).status_code == 401


def test_what_is_signed_comes_in_as_nobody(users: Users, ada: Any) -> None:
    app = FastAPI()

    @app.post("/slack/events")
    def events(request: Any = None) -> str:
        from ui.service import PERSON

        return PERSON.get()

    app.add_middleware(Door, people=People(users), signed=("/slack/events",))
    assert TestClient(app).post("/slack/events").json() == ""
    assert TestClient(app).post("/slack/other").status_code == 401


# limits


def test_a_person_who_asks_too_much_is_told_when_to_go_on_and_others_are_not(users: Users, ada: Any) -> None:
    http = client(People(users, a_minute=3))
    tokens = [{"authorization": f"Bearer {users.new_token(user)}"} for user in (ada, users.add("bob", PASSWORD))]
    asked = [http.post("/api/search", json={"query": "x"}, headers=tokens[0]) for _ in range(4)]
    assert [answer.status_code for answer in asked] == [503, 503, 503, 429]  # 503: no library is open
    assert 0 < int(asked[-1].headers["retry-after"]) <= 20
    assert http.post("/api/search", json={"query": "x"}, headers=tokens[1]).status_code == 503


def test_a_budget_refills_and_reading_counts_less() -> None:
    now = [0.0]
    rate = Rate(60, lambda: now[0])
    assert [rate.wait("a") for _ in range(61)] == [0] * 60 + [1]
    now[0] = 1.0
    assert [rate.wait("a", 0.1) for _ in range(11)] == [0] * 10 + [1]


# users off


def test_without_users_nobody_is_asked_and_from_the_first_on_everybody(users: Users) -> None:
    http = client(People(users))
    assert http.get("/v1/models").status_code == 200
    ada = users.add("ada", PASSWORD)
    assert http.get("/v1/models").status_code == 401
    users.remove(ada)
    assert http.get("/v1/models").status_code == 401  # a server that has asked does not stop to


def test_serving_for_others_without_users_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["serve", "--host", "0.0.0.0", "--port", "0", "--library", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "citewise users add NAME" in told
    assert told.count("\n") == 1


# the file and the command


def test_the_file_is_its_owners_alone_and_holds_no_secret(users: Users, ada: Any) -> None:
    secrets = [PASSWORD, users.new_token(ada), users.begin_session(ada, 60)]
    for path in users._database.path.parent.glob("users.sqlite*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not any(secret.encode() in path.read_bytes() for secret in secrets)


@pytest.mark.parametrize("name", ["", "a b", "../x", "ä", "x" * 65, "-a"])
def test_a_name_is_plain(users: Users, name: str) -> None:
    with pytest.raises(UserError, match="name"):
        users.add(name, PASSWORD)


@pytest.mark.parametrize("password", ["", "7 chars", "x" * (LONGEST + 1)])
def test_a_password_is_neither_short_nor_endless(users: Users, password: str) -> None:
    with pytest.raises(UserError, match="password"):
        users.add("ada", password)


def test_a_name_that_comes_back_is_another_person(users: Users, ada: Any) -> None:
    with pytest.raises(UserError, match="already"):
        users.add("Ada", PASSWORD)
    users.remove(ada)
    assert users.add("ada", PASSWORD).id != ada.id


def test_the_command_adds_lists_changes_and_removes(
    own_library: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def users_command(*arguments: str, stdin: str = "") -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = main(["users", *arguments, "--library", str(own_library)])
        out = capsys.readouterr()
        return code, out.out + out.err

    assert users_command("add", "Ada", stdin=f"{PASSWORD}\n") == (
        0,
        "added ada; from now on citewise serve asks who it is\n",
    )
    assert users_command("add", "bob", stdin="short\n")[0] == 1
    assert users_command("list") == (0, "ada\n")
    token = users_command("token", "ada")[1]
    with closing(Users(own_library)) as users:
        ada = users.with_token(token.strip())
        assert ada
        assert users.with_password("ada", PASSWORD) == ada
        assert users_command("passwd", "ada", stdin="a longer one\n")[0] == 0
        assert users.with_password("ada", PASSWORD) is None
        with Index(own_library) as index:
            assert index.seen_by(ada.id).upload("own.txt", Path(ARTICLE)).documents
        with closing(Conversations(own_library)) as conversations:
            own, other = (conversations.begin(person, "What now?") for person in (ada.id, "somebody"))
        assert users_command("remove", "ada") == (0, "removed ada and 1 document of theirs\n")
        with closing(Conversations(own_library)) as conversations:
            assert (conversations.of(ada.id), conversations.of("somebody")) == ([], [other])
            assert own != other
        assert not users.any()
    assert users_command("remove", "ada")[0] == 1
    assert users_command("token") == (1, "citewise: which user? citewise users token NAME\n")
