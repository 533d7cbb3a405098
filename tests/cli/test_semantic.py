"""Moods read by sentence embeddings: off by default, on with a model that the person names."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recagent_catalogs.errors import BadInput
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold
from recagent_cli.agent.builtin.meaning.nearness import are_opposite
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.builtin.words.lexicon import lexicon, opposites
from recagent_cli.paths import find_paths
from recagent_cli.settings import load_settings
from recagent_tools.models.training import build

from ..conftest import RunCommand
from ..tiny_model import write_model

# Words that no word list knows, each beside tags of the catalog `films`.
NEAR = {
    "elegiac": [1.0, 0.1, 0.0, 0.0],
    "nostalgic": [1.0, 0.0, 0.0, 0.0],
    "autumn": [0.8, 0.2, 0.5, 0.0],
    "feel": [0.0, 0.0, 1.0, 0.0],
    "good": [0.0, 0.0, 1.0, 0.0],
    "space": [0.0, 1.0, 0.0, 0.0],
    "heist": [0.0, 0.0, 0.0, 1.0],
    "fribble": [0.5, 0.5, -0.5, 0.5],
}
UNREAD = "something elegiac"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model", NEAR)


@pytest.fixture(scope="module")
def trained(films_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of `films` that were built with the model; for tests that copy them."""
    place = tmp_path_factory.mktemp("trained")
    catalog = Catalog.open(films_home / "data" / "catalogs" / "films")
    build(catalog, place / "films", threads=1, semantic=write_model(place / "model", NEAR))
    catalog.close()
    return place / "films"


@pytest.fixture
def built(home: Path, model: Path, trained: Path, recagent: RunCommand) -> Path:
    """A home whose catalog `films` was built with the model."""
    assert recagent("config", "set", "semantic.model", str(model)).code == 0
    shutil.rmtree(home / "data" / "models" / "films")
    shutil.copytree(trained, home / "data" / "models" / "films")
    return home


def wishes(printed: str) -> dict[str, list[str]]:
    """Text of each wish to the values that it was read as."""
    told = json.loads(printed)
    request = told.get("request", told)
    return {w["text"]: [value for _, value in w["values"]] for w in request["wishes"]}


def manifest(home: Path) -> Any:
    place = home / "data" / "models" / "films"
    return json.loads((place / current(home) / "manifest.json").read_text())


def current(home: Path) -> str:
    return str(json.loads((home / "data/models/films/current").read_text())["build"])


def test_the_words_of_these_tests_are_in_no_word_list() -> None:
    known = lexicon()
    for word in ("elegiac", "fribble"):
        assert word not in known.moods and word not in known.common


@pytest.mark.usefixtures("home")
def test_off_by_default(recagent: RunCommand) -> None:
    turn = json.loads(recagent("ask", f"{UNREAD}, a drama", "--json").out)
    assert turn["request"]["wishes"] == [] and turn["request"]["unused"] == ["elegiac"]
    assert "none named" in recagent("doctor").out.replace("\n", " ")


def test_a_mood_that_no_list_knows_is_read_as_the_nearest_tags(
    built: Path, recagent: RunCommand
) -> None:
    ran = recagent("ask", UNREAD, "--json")
    turn = json.loads(ran.out)
    assert wishes(ran.out) == {"elegiac": ["nostalgic", "autumn"]}
    assert turn["request"]["conditions"] == turn["request"]["unused"] == []
    assert turn["items"][0]["title"] in ("The Last Projectionist", "The Glass Orchard")
    said = recagent("ask", UNREAD).out.replace("\n", " ")
    assert "I read 'elegiac' as nostalgic and autumn, the nearest in meaning." in said
    assert said.count("elegiac") == 1
    assert len(manifest(built)["settings"]["semantic"]["sha256"]) == 64
    assert "semantic.npy" in manifest(built)["files"]
    assert "used by films" in " ".join(recagent("doctor").out.split())


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "text",
    [
        "elegiac",
        "an elegiac film",
        "films that are elegiac",
        "a drama, elegiac vibes",
        "I want a drama, elegiac please",
    ],
)
def test_where_a_wish_stands(recagent: RunCommand, text: str) -> None:
    assert wishes(recagent("parse", text, "--json").out) == {"elegiac": ["nostalgic", "autumn"]}


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "text",
    [
        "a drama but nothing elegiac",
        "a drama, not elegiac",
        "a drama that is less elegiac",
        "a drama, no elegiac films",
        "that was too elegiac for me, a drama please",
        "a drama without elegiac films",
        "my uncle is elegiac, a drama please",
        "I was elegiac today, a drama please",
        "who directed the elegiac film?",
        "a drama by Elegiac",
        "a fribble drama",
    ],
)
def test_what_is_negated_or_no_wish_or_near_nothing_is_not_read(
    recagent: RunCommand, text: str
) -> None:
    request = json.loads(recagent("parse", text, "--json").out)
    assert not any(wish["values"] for wish in request["wishes"]), request
    assert not any("nostalgic" in condition for condition in request["conditions"])


@pytest.mark.usefixtures("built")
def test_the_threshold_is_a_setting(recagent: RunCommand) -> None:
    assert recagent("config", "set", "semantic.threshold", "0.999").code == 0
    assert wishes(recagent("parse", UNREAD, "--json").out) == {}
    assert recagent("config", "set", "semantic.threshold", "0.99").code == 0
    assert wishes(recagent("parse", UNREAD, "--json").out) == {"elegiac": ["nostalgic"]}
    for wrong in ("1.5", "near", "nan"):
        assert recagent("config", "set", "semantic.threshold", wrong).code == 4


def test_a_changed_model_is_told_once_and_not_used(
    built: Path, model: Path, recagent: RunCommand
) -> None:
    write_model(model, {**NEAR, "elegiac": [0.0, 0.0, 0.0, 1.0]})
    ran = recagent("ask", UNREAD)
    assert ran.code == 0 and ran.err.count("semantic.model is not used") == 1
    assert "another one (recagent build films)" in ran.err
    assert "another one" in " ".join(recagent("doctor").out.split())
    before = current(built)
    assert recagent("build", "--quiet", "--threads", "1").code == 0
    assert current(built) != before
    assert wishes(recagent("parse", UNREAD, "--json").out) == {"elegiac": ["heist"]}


@pytest.mark.usefixtures("built")
def test_a_model_that_is_gone_or_damaged_is_told_once_and_not_used(
    model: Path, recagent: RunCommand
) -> None:
    (model / "tokenizer.json").unlink()
    ran = recagent("chat", stdin=f"{UNREAD}\nelegiac films\n/quit\n")
    assert (ran.out + ran.err).count("semantic.model is not used") == 1
    shutil.rmtree(model)
    ran = recagent("parse", UNREAD)
    assert ran.code == 0 and ran.err.count("no folder with a model") == 1
    ran = recagent("build", "--quiet")
    assert ran.code == 4 and "no folder with a model" in ran.err and "semantic.model" in ran.err
    # what needs no model says nothing of it
    assert "semantic" not in recagent("ask", "a drama from the 90s").err
    assert recagent("config", "set", "semantic.model", "").code == 0
    assert recagent("parse", UNREAD).err == ""


@pytest.mark.usefixtures("home")
def test_models_built_before_the_setting(model: Path, recagent: RunCommand) -> None:
    assert "recagent build" in recagent("config", "set", "semantic.model", str(model)).err
    assert "made without it (recagent build films)" in recagent("ask", UNREAD).err


def test_the_first_training_writes_the_vectors_too(
    home: Path, model: Path, recagent: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(home / "data" / "models")
    monkeypatch.setenv("RECAGENT_SEMANTIC_MODEL", str(model))
    assert wishes(recagent("ask", UNREAD, "--json", "--quiet").out) == {
        "elegiac": ["nostalgic", "autumn"]
    }
    shutil.rmtree(home / "data" / "models")
    (model / "model.safetensors").write_bytes(b"")
    ran = recagent("ask", UNREAD)
    assert ran.code == 0 and "made without it" in ran.err


@pytest.mark.usefixtures("home")
def test_a_wrong_folder_is_refused_when_it_is_set(recagent: RunCommand, tmp_path: Path) -> None:
    ran = recagent("config", "set", "semantic.model", str(tmp_path))
    assert ran.code == 4 and "no folder with a model" in ran.err
    assert load_settings(find_paths())["semantic.model"] == ""


@pytest.mark.usefixtures("home")
def test_a_relative_path_is_kept_as_a_whole_one(
    model: Path, recagent: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(model.parent)
    assert recagent("config", "set", "semantic.model", model.name).code == 0
    assert load_settings(find_paths())["semantic.model"] == str(model)


@pytest.mark.parametrize("text", ['[semantic]\nmodel = "{0}"', '"semantic.model" = "{0}"'])
def test_a_file_in_the_working_directory_names_no_model(
    home: Path, model: Path, tmp_path: Path, text: str
) -> None:
    """It may come from a stranger, with a folder of the stranger's."""
    (tmp_path / "recagent.toml").write_text(text.format(model))
    with pytest.raises(BadInput, match=r"'semantic.model' may not be set by a file"):
        load_settings(find_paths(), directory=tmp_path)
    place = find_paths().settings
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text.format(model))
    assert load_settings(find_paths(), directory=home)["semantic.model"] == str(model)


def test_the_same_model_gives_the_same_build(home: Path, model: Path, films: Catalog) -> None:
    first = build(films, home / "a", threads=1, semantic=model)
    again = build(films, home / "b", threads=1, semantic=model)
    without = build(films, home / "c", threads=1)
    assert first.build == again.build != without.build


# --- what is made of what is near ---


class Fake:
    """A matcher that gives what it was told."""

    def __init__(self, *near: tuple[str, float]) -> None:
        self.near, self.asked = near, [""]

    def nearest(self, phrase: str) -> Iterable[tuple[tuple[str, str], float]]:
        self.asked.append(phrase)
        return [(("tags", value), cosine) for value, cosine in self.near]


def read(films: Catalog, text: str, *near: tuple[str, float]) -> list[str]:
    request = Parser(films, matcher=Fake(*near)).parse(text)
    return [value for wish in request.wishes for _, value in wish.values]


def test_opposites_of_the_phrase_are_dropped(films: Catalog) -> None:
    near = ("satire", 0.9), ("magic", 0.8), ("nostalgic", 0.7)
    assert read(films, "something unmagic", *near) == ["satire", "nostalgic"]
    assert read(films, UNREAD, *near) == ["satire", "magic", "nostalgic"]


def test_of_two_opposites_the_nearer_stays_if_it_is_clearly_nearer(films: Catalog) -> None:
    far = ("slow-burn", 0.9), ("satire", 0.8), ("fast", 0.7)
    assert read(films, UNREAD, *far) == ["slow-burn", "satire"]
    opposites = ("near-future", 0.9), ("nostalgic", 0.88), ("satire", 0.7)
    assert read(films, UNREAD, *opposites) == ["satire"]


def test_three_at_most_each_once_and_only_what_the_parser_knows(films: Catalog) -> None:
    near = [(v, 0.9) for v in ("to see", "space", "Space", "rain", "food", "paris", "heist")]
    assert read(films, UNREAD, *near) == ["space", "rain", "food"]


def test_a_mood_whose_tags_the_catalog_lacks_is_matched_too(films: Catalog) -> None:
    request = Parser(films).parse("something gory")
    assert [(w.text, w.values) for w in request.wishes] == [("gory", ())]
    assert read(films, "something gory", ("monster", 0.8)) == ["monster"]
    assert read(films, "nothing gory, a drama", ("monster", 0.8)) == []


def test_a_mood_that_holds_a_no_itself_is_not_matched(films: Catalog) -> None:
    fake = Fake(("monster", 0.8))
    parser = Parser(films, matcher=fake)
    moods = [m for m in lexicon().moods if set(m.split()) & {"no", "not", "nothing", "without"}]
    for mood in moods:
        parser.parse(f"a drama, {mood}")
    assert len(moods) > 10 and fake.asked == [""]


def test_known_words_are_never_asked_for(films: Catalog) -> None:
    fake = Fake(("space", 0.9))
    for text in ("funny comedies", "like Orbit of Ash", "thanks, bye", "films about rain", ""):
        Parser(films, matcher=fake).parse(text)
    assert fake.asked == [""]


@given(st.text())
@example("elegiac elegiac, elegiac! no elegiac something")
def test_any_string_is_read(films: Catalog, text: str) -> None:
    plain = Parser(films).parse(text)
    near = Parser(films, matcher=Fake(("space", 0.9), ("slow-burn", 0.7))).parse(text)
    # What is near in meaning is never a condition, a title or a question.
    kept = ("conditions", "liked", "disliked", "seen", "about", "question", "count")
    assert [getattr(near, name) for name in kept] == [getattr(plain, name) for name in kept]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("uplifting", "depressing"), ("exciting", "Boring"), ("feel-good", "bleak"),
        ("sorrowful", "happy ending"), ("funny", "unfunny"), ("violent", "non-violent"),
        ("harmless", "harm"), ("family", "adult"), ("joyous", "tear-jerker"),
    ],
)  # fmt: skip
def test_opposites(one: str, other: str) -> None:
    assert are_opposite(one, other) and are_opposite(other, one)


@pytest.mark.parametrize("pair", ["sad melancholic", "funny witty", "tense intense", "dark bleak"])
def test_no_opposites(pair: str) -> None:
    assert not are_opposite(*pair.split())


def test_no_word_is_its_own_opposite() -> None:
    for word, against in opposites().items():
        assert word not in against and word == fold(word)


def test_values_must_stand_out_where_all_texts_are_near(tmp_path: Path) -> None:
    from recagent_tools.models.semantic import Vocabulary
    from recagent_tools.models.static_model import StaticModel

    model = StaticModel(write_model(tmp_path, {"elegiac": [1.0, 0.0]}))
    angles = np.concatenate([np.linspace(0.3, 0.5, 200), [0.0]])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    names = [("tags", str(number)) for number in range(len(vectors))]
    near = list(Vocabulary(model, names, vectors).near("elegiac", 0.6))
    assert [pair for pair, _ in near] == [("tags", "200")]
