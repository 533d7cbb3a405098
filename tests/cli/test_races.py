"""Two processes at once, and processes that were killed: nothing is lost, nothing stays locked."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recagent_catalogs import shipped, store
from recagent_catalogs.bundled import install_bundled
from recagent_catalogs.errors import ExitCode, NotFound, RecagentError
from recagent_catalogs.ingest import ingest
from recagent_catalogs.locks import is_held, locked
from recagent_catalogs.place import STALE_S, aside
from recagent_catalogs.shipped import MARKER, bundled_version
from recagent_catalogs.store import Catalog
from recagent_cli import Assistant
from recagent_cli.agent.events import Event, TurnFinished
from recagent_cli.library import BUILDING, FIRST_ANSWER_S, Library
from recagent_cli.paths import Paths, find_paths
from recagent_tools.models import artefacts
from recagent_tools.models.artefacts import ArtefactError, open_build, write_build

from ..conftest import DATA, RunCommand, copy_models

PYTHONPATH = os.pathsep.join(os.path.abspath(part) for part in sys.path if part)


def python(code: str, *words: str, **more: Any) -> subprocess.Popen[bytes]:
    """A program in a process of its own; the working directory is not on its path."""
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code, *words],
        env={**os.environ, "PYTHONPATH": PYTHONPATH},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **more,
    )


def all_well(*processes: subprocess.Popen[bytes]) -> None:
    told = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), told


# -- locks -----------------------------------------------------------------------------------


def test_a_lock_is_waited_for_and_ends_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys, time; from pathlib import Path\n"
        "from recagent_catalogs.locks import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)\n"
    )
    holder = python(code, str(path))
    assert holder.stdout is not None and holder.stdout.readline().strip() == b"held"
    assert is_held(path)
    waited: list[None] = []
    with locked(path, seconds=0.1, waiting=lambda: waited.append(None)) as held:
        assert not held and waited
    holder.kill()
    holder.communicate(timeout=30)
    with locked(path, seconds=10) as held:
        assert held and is_held(path)
    assert not is_held(path)


# -- the worker ------------------------------------------------------------------------------


def test_training_runs_no_file_of_the_working_directory(home: Path, tmp_path: Path) -> None:
    poisoned = tmp_path / "poisoned"
    poisoned.mkdir()
    trap = f"open({str(tmp_path / 'ran')!r}, 'a').write(__name__ + ' ')\n"
    for name in ("tomllib", "json", "numpy", "recagent_cli", "sitecustomize"):
        (poisoned / f"{name}.py").write_text(trap)
    shutil.rmtree(home / "data" / "models")
    code = (
        "from recagent_cli.library import Library; from recagent_cli.paths import find_paths\n"
        "assert Library(find_paths()).build_within('films', 60)\n"
    )
    all_well(python(code, cwd=poisoned))
    assert not (tmp_path / "ran").exists()
    assert (home / "data" / "models" / "films" / "current").is_file()


# -- sessions --------------------------------------------------------------------------------


def test_a_session_is_found_by_its_own_profile_only(home: Path, recagent: RunCommand) -> None:
    told = json.loads(recagent("ask", "westerns", "--as", "alice", "--json").out)
    name = told["session"]
    for words in (
        ("session", "show", name),
        ("session", "delete", name, "--yes"),
        ("ask", "more", "--session", name),
        ("chat", "--resume", name),
        ("tools", "call", "rank", "--session", name),
    ):
        ran = recagent(*words, "--as", "bob")
        assert ran.code == ExitCode.NOT_FOUND and name in ran.err, words
    assert "westerns" in recagent("session", "show", name, "--as", "alice").out
    assert recagent("session", "list", "--as", "bob", "--format", "json").out.count(name) == 0
    assert recagent("session", "delete", name, "--as", "alice", "--yes").code == 0


def test_a_session_object_does_not_change_its_owner(home: Path) -> None:
    with Assistant("films", profile="alice") as alice, Assistant("films", profile="bob") as bob:
        session = alice.new_session()
        alice.ask("westerns", session=session)
        with pytest.raises(NotFound):
            bob.ask("more", session=session)
        assert alice.load_session(session.id) is not None
        with pytest.raises(NotFound):
            bob.load_session(session.id)


def test_two_that_continue_one_session_keep_both_turns(home: Path) -> None:
    with Assistant("films") as one, Assistant("films") as two:
        name = one.ask("westerns").session
        left, right = one.load_session(name), two.load_session(name)
        one.ask("sci-fi", session=left)
        two.ask("dramas", session=right)
        one.ask("comedies", session=left)
        kept = one.load_session(name)
    assert kept is not None
    said = [turn.utterance for turn in kept.turns]
    assert said == ["westerns", "sci-fi", "dramas", "comedies"]


def test_after_a_damaged_turn_no_good_one_is_overwritten(home: Path) -> None:
    with Assistant("films") as assistant:
        session = assistant.new_session()
        for text in ("westerns", "sci-fi", "dramas"):
            assistant.ask(text, session=session)
        with sqlite3.connect(assistant.store.path) as connection:
            connection.execute("UPDATE turns SET body = '{}' WHERE body LIKE '%sci-fi%'")
        connection.close()
        back = assistant.load_session(session.id)
        turn = assistant.ask("comedies", session=back)
        assert any("damaged rows" in text for _, text in turn.notices)
        kept = assistant.load_session(session.id)
    assert kept is not None
    assert [past.utterance for past in kept.turns] == ["westerns", "dramas", "comedies"]


def test_a_failed_backup_costs_no_answer(home: Path) -> None:
    with Assistant("films") as assistant:
        assistant.ask("westerns")
        shutil.rmtree(home / "data" / "backups", ignore_errors=True)
        (home / "data" / "backups").write_text("in the way")
        turn = assistant.ask("I loved Paper Lanterns")
    assert any("backed up" in text for kind, text in turn.notices if kind == "catalog")
    with Assistant("films") as later:
        assert later.profile().liked


def test_a_profile_reads_only_what_counts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Assistant("films") as assistant:
        assistant.ask("I loved Paper Lanterns")
        assistant.ask("westerns")
        assert len(assistant.store.events("me", "films", ["shown"])) >= 2
        read: list[str] = []
        derive = "recagent_cli.sessions.derive"
        monkeypatch.setattr(derive, lambda events, *_, **more: read.extend(e.kind for e in events))
        assistant.profile()
    assert "liked" in read and "shown" not in read


# -- catalogs --------------------------------------------------------------------------------

SWAP = """
import shutil, sys
from pathlib import Path
from recagent_catalogs.place import aside
source, place = Path(sys.argv[1]), Path(sys.argv[2])
for _ in range(int(sys.argv[3])):
    with aside(place) as directory:
        shutil.copytree(source, directory, dirs_exist_ok=True)
"""


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".") and path.is_dir()]


def test_swaps_by_three_processes_never_fail_nor_hide_the_catalog(
    home: Path, tmp_path: Path
) -> None:
    library = Library(find_paths())
    place = library.directory("films")
    source = tmp_path / "source"
    shutil.copytree(place, source)
    writers = [python(SWAP, str(source), str(place), "15") for _ in range(3)]
    opened = 0
    while any(writer.poll() is None for writer in writers):
        assert library.open("films").n_items == 16
        opened += 1
    all_well(*writers)
    assert opened > 5
    assert leftovers(place.parent) == []
    assert library.open("films").verify() == []


def test_a_swap_that_was_killed_is_put_back(home: Path) -> None:
    library = Library(find_paths())
    place = library.directory("films")
    taken = place.with_name(".films.old.abc")
    taken.mkdir()
    place.rename(taken / "catalog")
    assert library.open("films").n_items == 16
    library.remove("films")
    with pytest.raises(NotFound):
        library.open("films")
    assert leftovers(place.parent) == []


def test_what_killed_processes_left_is_swept_after_a_day(home: Path) -> None:
    place = Library(find_paths()).directory("films")
    day_ago = time.time() - STALE_S - 60
    for name in (".films.aaaa", ".films.old.bbbb", ".films.young", ".other.cccc"):
        (place.parent / name / "below").mkdir(parents=True)
        if "young" not in name:
            os.utime(place.parent / name, (day_ago, day_ago))
    source = place.with_name("source")
    shutil.copytree(place, source)
    with aside(place) as directory:
        shutil.copytree(source, directory, dirs_exist_ok=True)
    assert sorted(leftovers(place.parent)) == [".films.young", ".other.cccc"]


def test_of_two_that_add_one_name_the_second_is_told(home: Path) -> None:
    words = ("catalog", "add", "two", str(DATA / "films.csv"))
    code = "import sys; from recagent_cli.main import main; main(sys.argv[1:])"
    pair = [python(code, *words) for _ in range(2)]
    told = [process.communicate(timeout=60)[1] for process in pair]
    assert sorted(process.returncode for process in pair) == [0, ExitCode.BAD_INPUT], told
    assert b"already" in b"".join(told)


# -- the bundled catalogs --------------------------------------------------------------------


@pytest.fixture(scope="module")
def games(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("games")
    install_bundled("games", folder / "games")
    return folder


@pytest.fixture
def library(games: Path, tmp_path: Path) -> Library:
    """A home of the test's own that holds the bundled games."""
    paths = Paths(tmp_path / "data", tmp_path / "config", tmp_path / "cache")
    shutil.copytree(games, paths.catalogs)
    return Library(paths)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the bundled catalogs that were written."""
    names: list[str] = []

    def counted(name: str, *words: Any) -> Any:
        names.append(name)
        return install_bundled(name, *words)

    monkeypatch.setattr("recagent_catalogs.bundled.install_bundled", counted)
    return names


def edit(path: Path, change: Callable[[Any], None]) -> None:
    body = json.loads(path.read_text(encoding="utf-8"))
    change(body)
    path.write_text(json.dumps(body), encoding="utf-8")


def test_the_marker_goes_in_with_the_data(library: Library, installed: list[str]) -> None:
    place = library.directory("games")
    assert (place / MARKER).read_text(encoding="utf-8") == bundled_version("games")
    assert MARKER in json.loads((place / "sums.json").read_text(encoding="utf-8"))
    library.open("games")
    assert installed == []


def test_a_bundled_catalog_without_a_marker_is_not_frozen(
    library: Library, installed: list[str]
) -> None:
    (library.directory("games") / MARKER).unlink()
    library.open("games")
    assert installed == ["games"]


def test_a_catalog_of_ones_own_under_a_bundled_name_stays(
    library: Library, installed: list[str]
) -> None:
    ingest(DATA / "films.csv", library.directory("games"), name="games")
    assert library.open("games").n_items == 16
    assert installed == []


def test_a_bundled_catalog_of_another_layout_is_made_anew(
    library: Library, installed: list[str]
) -> None:
    place = library.directory("games")
    edit(place / "arrays" / "meta.json", lambda meta: meta.update(format=99))
    (place / MARKER).write_text("games 99.1 00000000", encoding="utf-8")
    assert library.open("games").n_items > 250
    (place / "arrays" / "meta.json").write_text("{", encoding="utf-8")
    assert library.open("games").n_items > 250
    assert installed == ["games", "games"]


def test_two_first_runs_write_a_bundled_catalog_once(
    library: Library, installed: list[str]
) -> None:
    shutil.rmtree(library.paths.catalogs)
    pair = [threading.Thread(target=library.open, args=["games"]) for _ in range(2)]
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join()
    assert installed == ["games"]


def test_the_version_follows_layout_generation_and_every_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(Path(shipped.__file__).parent / "games", tmp_path / "games")
    monkeypatch.setattr("importlib.resources.files", lambda _: tmp_path)
    seen = {bundled_version("games")}
    file = sorted((tmp_path / "games" / "items").glob("*.csv"))[0]
    content = bytearray(file.read_bytes())
    content[-2] ^= 1
    file.write_bytes(content)
    seen.add(bundled_version("games"))
    monkeypatch.setattr(shipped, "GENERATION", shipped.GENERATION + 1)
    seen.add(bundled_version("games"))
    monkeypatch.setattr(store, "FORMAT", store.FORMAT + 1)
    seen.add(bundled_version("games"))
    assert len(seen) == 4


# -- builds ----------------------------------------------------------------------------------

WRITE = """
import sys
from pathlib import Path
from recagent_tools.models.artefacts import write_build
for n in range(int(sys.argv[2])):
    text = f"{sys.argv[3]} {n % 7}" * 1000
    write_build(
        Path(sys.argv[1]),
        lambda place: (place / "a.npy").write_text(text),
        {"data": {"fingerprint": "f"}},
    )
"""


def put(models: Path, text: str) -> str:
    def write(place: Path) -> None:
        (place / "a.npy").write_text(text)

    return write_build(models, write, {"data": {"fingerprint": "f"}})[0]


def builds(models: Path) -> set[str]:
    return {path.name for path in models.iterdir() if path.is_dir()}


def test_builds_by_several_processes_never_fail_a_reader(tmp_path: Path) -> None:
    put(tmp_path, "first")
    writers = [python(WRITE, str(tmp_path), "60", name) for name in "abc"]
    opened = 0
    while any(writer.poll() is None for writer in writers):
        found = open_build(tmp_path, "f")
        assert found is not None
        opened += 1
    all_well(*writers)
    assert opened > 5
    assert len(builds(tmp_path)) == 2


def test_a_whole_build_is_not_replaced_and_a_damaged_one_is(tmp_path: Path) -> None:
    name = put(tmp_path, "same")
    place = tmp_path / name
    before = place.stat().st_ino
    assert put(tmp_path, "same") == name and place.stat().st_ino == before
    stat = (place / "a.npy").stat()
    (place / "a.npy").write_text("sama")
    os.utime(place / "a.npy", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(ArtefactError):
        open_build(tmp_path, "f")
    assert put(tmp_path, "same") == name
    assert open_build(tmp_path, "f") is not None


def test_the_build_before_the_current_one_stays(tmp_path: Path) -> None:
    first, second = put(tmp_path, "1"), put(tmp_path, "2")
    assert put(tmp_path, "1") == first
    os.utime(tmp_path / first, (0, 0))  # times do not tell which one was current
    third = put(tmp_path, "3")
    assert builds(tmp_path) == {first, third}
    assert put(tmp_path, "3") == third
    assert builds(tmp_path) == {first, third} and second not in builds(tmp_path)


def test_a_reader_looks_again_where_the_pointer_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "1")
    verify = artefacts.verify
    calls: list[Path] = []

    def replaced_meanwhile(directory: Path, files: dict[str, dict[str, Any]]) -> None:
        calls.append(directory)
        if len(calls) == 1:
            put(tmp_path, "2")
            put(tmp_path, "3")
        verify(directory, files)

    monkeypatch.setattr(artefacts, "verify", replaced_meanwhile)
    found = open_build(tmp_path, "f")
    assert found is not None and len(calls) == 2 and found[0] == calls[1]


# -- training --------------------------------------------------------------------------------


@pytest.fixture
def untrained(home: Path) -> Library:
    shutil.rmtree(home / "data" / "models")
    return Library(find_paths())


def no_process(*_: Any, **__: Any) -> None:
    raise AssertionError("a second training was started")


def test_who_comes_second_waits_for_the_first(
    untrained: Library, films_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = untrained.paths.models / "films"
    models.mkdir(parents=True)
    monkeypatch.setattr(subprocess, "Popen", no_process)
    free, taken = threading.Event(), threading.Event()

    def first() -> None:
        with locked(models / BUILDING):
            taken.set()
            free.wait(30)
            copy_models(films_home / "data" / "models" / "films", models)

    holder = threading.Thread(target=first)
    holder.start()
    assert taken.wait(30)
    assert not untrained.build_within("films", 0.2)
    threading.Timer(0.3, free.set).start()
    assert untrained.build_within("films", 30)
    holder.join()


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_killed_training_leaves_no_lock(untrained: Library) -> None:
    words = [str(untrained.directory("films")), str(untrained.paths.models / "films")]
    worker = python("from recagent_cli.build_worker import main; main()", *words)
    until(lambda: untrained.is_building("films"))
    worker.kill()
    worker.communicate(timeout=30)
    assert not untrained.is_building("films")
    assert untrained.build_within("films", 60)


def test_ctrl_c_ends_the_training_and_its_lock(untrained: Library) -> None:
    def interrupted(text: str, share: float) -> None:
        if share > 0:
            raise KeyboardInterrupt

    untrained.progress = interrupted
    with pytest.raises(KeyboardInterrupt):
        untrained.build_within("films", 60)
    until(lambda: not untrained.is_building("films"))
    assert not (untrained.paths.models / "films" / "current").exists()


def test_the_worker_trains_nothing_that_another_trained_or_trains(home: Path) -> None:
    models = home / "data" / "models" / "films"
    current = (models / "current").stat().st_mtime_ns

    def work() -> bytes:
        words = [str(home / "data" / "catalogs" / "films"), str(models)]
        worker = python("from recagent_cli.build_worker import main; main()", *words)
        out, err = worker.communicate(timeout=60)
        assert err == b""
        return out.strip()

    assert work() == b'{"outcome": "built"}'
    with locked(models / BUILDING):
        assert work() == b'{"outcome": "busy"}'
    assert (models / "current").stat().st_mtime_ns == current


def test_three_first_questions_train_once(untrained: Library) -> None:
    code = "import sys; from recagent_cli.main import main; main(sys.argv[1:])"
    models = untrained.paths.models / "films"
    models.mkdir(parents=True)
    asked = [python(code, "ask", "westerns", "-c", "films") for _ in range(3)]
    aside: set[str] = set()
    while any(process.poll() is None for process in asked):
        aside |= {path.name for path in models.glob(".new-*")}
    all_well(*asked)
    assert len(aside) <= 1 and len(builds(models)) == 1


# -- what the person is told -----------------------------------------------------------------


def test_notices_stand_in_the_next_turn_once(
    untrained: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    def never(self: Library, name: str, seconds: float = FIRST_ANSWER_S) -> bool:
        given.append(seconds)
        return False

    opening = Library.open

    def slow(self: Library, name: str) -> Catalog:
        time.sleep(0.3)
        return opening(self, name)

    monkeypatch.setattr(Library, "build_within", never)
    monkeypatch.setattr(Library, "open", slow)
    events: list[Event] = []
    with Assistant("films", on_event=events.append) as assistant:
        turn = assistant.ask("westerns")
        later = assistant.ask("sci-fi")
        assert assistant.take_notices() == []
    told = ("catalog", turn.notices[0][1])
    assert turn.notices[0] == told and "still being trained" in told[1]
    assert told not in later.notices
    assert {"kind": told[0], "text": told[1]} in turn.to_json()["notices"]
    ended = [event.turn for event in events if isinstance(event, TurnFinished)]
    assert ended == [turn, later]
    assert 0 < given[0] <= FIRST_ANSWER_S - 0.3  # what the opening took is gone


def test_notices_can_be_taken_where_there_is_no_turn(
    untrained: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Library, name: str, seconds: float = FIRST_ANSWER_S) -> bool:
        raise RecagentError("no room")

    monkeypatch.setattr(Library, "build_within", fails)
    with Assistant("films") as assistant:
        kinds = [kind for kind, text in assistant.take_notices() if "no room" in text]
        assert kinds == ["catalog"] and assistant.take_notices() == []
