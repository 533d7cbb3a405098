"""Rules of the house: a brain that wants to show what they keep out, through every tool it has."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable

from recagent_catalogs.errors import BadInput
from recagent_cli.library import Library
from recagent_cli.paths import Paths
from recagent_cli.rules import load_house
from recagent_tools.house import Rule, compiled
from recagent_tools.models.engine import Engine
from tests.hostile.rules import attack, attacked

from .trials import Corpora, Trial, tried

SESSIONS = 200
ROW = "rules: nothing kept out is shown, whatever a brain calls"
INJECTED = "rules: nothing kept out is shown, whatever a text says"
CLOSED = "rules: a file that cannot be read or is wrong: no list"
RULES = (
    Rule("r", never=("genres has Horror",)),
    Rule("r", never=("genres has Sci-Fi | Crime", "year ..1960")),
    Rule("r", only=("runtime <= 100",)),
    Rule("r", only=("genres has Family", "genres lacks Romance")),
    Rule("r", never=("year >= 1000",)),
)
WRONG = (
    b"[[rule]",
    b"\xff\xfe[[rule]]",
    b"[[rule]]\nnever = 'genres has Horror",
    b"[[rule]]\nnever = [1]",
    b"[[rule]]\nnevr = ['genres has Horror']",
    b"[[rules]]\nnever = ['genres has Horror']",
    b"[[rule]]\nname = 'r'",
    b"[[rule]]\nnever = ['genres has Horror']\nprofile = '../kids'",
    b"rule = " + b"[" * 5_000,
    b"[[rule]]\nnever = ['genres has Horror']\n\x00",
)


class _Nowhere:
    def has_column(self, name: str) -> bool:
        return False

    def has_value(self, condition: str) -> bool:
        return False


def run(corpora: Corpora) -> Iterable[Trial]:
    """Sessions of attacks over the bundled films, then the same with texts of the corpus."""
    home = corpora.folder("rules")
    library = Library(Paths(home / "data", home / "config", home / "cache"))
    whole = library.open_whole("movies")
    engine = Engine.open(whole, home / "models")
    made = [compiled(rule, whole, _Nowhere()).ruled for rule in RULES]
    texts = [
        text
        for row in corpora.rows("injections.jsonl")
        for key in ("text", "payload", "value")
        if isinstance(text := row.get(key), str)
    ]

    def session(seed: int, written: tuple[str, ...] = ()) -> list[str]:
        rng = random.Random(seed)
        rule = rng.choice(made)
        rows = [row for row in range(whole.n_items) if rule.mask[row]]
        turns = [attack(rng, whole, rows, written) for _ in range(rng.randint(1, 3))]
        return [*attacked(whole, engine, rule, turns, before=rng.random() < 0.5)]

    for number in range(SESSIONS):
        seed = corpora.seed * 100_000 + number
        yield tried(ROW, f"seed {seed}", lambda seed=seed: session(seed))
    for number, text in enumerate(texts):
        both = (text, text + " {title} ({year})")
        yield tried(
            INJECTED, f"text {number}", lambda n=number, both=both: session(10**9 + n, both)
        )
    config = home / "config"
    config.mkdir(exist_ok=True)
    for number, body in enumerate(WRONG):
        (config / "rules.toml").write_bytes(body)
        yield tried(CLOSED, f"file {number}", lambda: _closed(library.paths))
    (config / "rules.toml").unlink()
    os.symlink(home / "nowhere", config / "rules.toml")
    yield tried(CLOSED, "a link to nothing", lambda: _closed(library.paths))


def _closed(paths: Paths) -> Iterable[str]:
    try:
        load_house(paths)
    except BadInput as error:
        if "rules.toml" not in error.message or "\n" in error.message:
            yield f"not one line that names the file: {error.message}"
    else:
        yield "it was taken"
