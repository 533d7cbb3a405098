"""`--with ben`: lists for several profiles of one machine, and what stays between them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from recagent_catalogs.errors import BadInput, NotFound
from recagent_cli import Assistant
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.store import UserStore
from recagent_tools.together import With

from ..conftest import RunCommand

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
BEN = (("liked", "f03"), ("liked", "f13"), ("seen", "f08"), ("never", "f09"), ("rated", "f14"))
CANARIES = (
    "Orbit of Ash (1996)",
    '"f03"',
    "Signal at Dawn",
    "Blue Static",
    "Knives in the Rain",
    "Horror",
)


@pytest.fixture
def ben(home: Path) -> UserStore:
    """Ben, who likes science fiction and never wants horror; ana, who is known of other things."""
    store = UserStore(home / "data" / "user.sqlite")
    events = [
        StoredEvent("ben", "films", kind, item, 5.0 if kind == "rated" else None, source="canary")
        for kind, item in BEN
    ]
    events.append(StoredEvent("ben", "films", "never", column="genres", text="Horror"))
    events.append(StoredEvent("ana", "games", "liked", "g1"))
    events += [StoredEvent("me", "films", "liked", item) for item in ("f02", "f12")]
    store.commit(events=events)
    return store


def of(told: str, schema: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(told)
    jsonschema.validate(body, json.loads((SCHEMAS / f"{schema}.json").read_text()))
    return body


def test_a_list_together_tells_how_each_fares_and_nothing_of_the_other(
    recagent: RunCommand, ben: UserStore
) -> None:
    before = ben.events("ben", undone=True)
    asked = ["ask", "films for us", "--with", "ben", "-n", "16"]
    ran = recagent(*asked, "--json", "--verbose")
    turn = of(ran.out, "recagent.turn-1")
    together = turn["together"]
    assert together["by"] == "average" and [p["name"] for p in together["people"]] == ["me", "ben"]
    assert all(len(p["fits"]) == len(p["places"]) == len(turn["items"]) for p in together["people"])
    shown = {item["id"] for item in turn["items"]}
    assert shown and not shown & {"f03", "f13", "f08", "f09", "f14", "f02", "f12"}
    table = recagent(*asked)
    why = recagent("why", "1", "--json")
    asides = [recagent("why", "1"), recagent("session", "export"), recagent("bus", "history")]
    for words in (ran.out + ran.err, table.out, *(one.out + one.err for one in asides)):
        assert "canary" not in words
        assert not [word for word in CANARIES if word in words]
    assert "ben" in table.out and "you" in table.out and "each of you" in asides[0].out
    told = of(why.out, "recagent.evidence-1")["with"]
    assert [p["place"] for p in told["people"]] == [p["places"][0] for p in together["people"]]
    assert of(recagent("session", "export", "--json").out, "recagent.session-1")["turns"][-1][
        "with"
    ] == ["ben"]
    # Nothing was written of ben, by none of this.
    assert ben.events("ben", undone=True) == before and not ben.sessions("ben")
    for title in ("Blue Static", "It"):
        lost = of(recagent("why-not", title, "--json").out, "recagent.evidence-1")
        assert lost["others"] and "one of you" in lost["text"][0], title


def test_recommend_by_each_strategy_and_setting(
    recagent: RunCommand, ben: UserStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {}
    for by in ("average", "least-misery", "most-pleasure"):
        ran = recagent("recommend", "--with", "ben", "--together", by, "--json")
        found[by] = of(ran.out, "recagent.items-1")["together"]
        assert found[by]["by"] == by
    monkeypatch.setenv("RECAGENT_TOGETHER", "least-misery")
    by_setting = recagent("recommend", "--with", "me, ben,ben", "--json").out
    assert json.loads(by_setting)["together"] == found["least-misery"]
    assert of(recagent("recommend", "--json").out, "recagent.items-1")["together"] is None
    assert "by the least misery" in recagent("recommend", "--with", "ben").out


def test_who_is_not_there_and_who_is_not_known(recagent: RunCommand, ben: UserStore) -> None:
    ran = recagent("ask", "a film", "--with", "bne")
    assert ran.code == 3 and "ana, ben" in ran.err
    assert recagent("ask", "a film", "--with", "../x").code == 2
    assert recagent("ask", "a film", "--with", "ben", "--user", "1").code == 2
    assert recagent("ask", "a film", "--with", "ben", "--together", "best").code == 2
    assert recagent("recommend", "--all-users", "--with", "ben", "--out", "x.csv").code == 2
    ran = recagent("recommend", "--with", "ana")
    assert ran.code == 0 and "nothing is known of ana about films yet" in ran.err
    with Assistant("films") as assistant:
        for wrong, error in ((["ben"] * 3, None), ([f"p{n}" for n in range(12)], NotFound)):
            if error is None:
                assert assistant.go_with(wrong) == With(("ben",), "average")
                continue
            with pytest.raises(error):
                assistant.go_with(wrong)
        with pytest.raises(BadInput):
            assistant.go_with(["ben"], "worst")
        assert assistant.together == With(("ben",), "average")


def test_a_session_goes_on_with_those_of_its_last_turn(
    recagent: RunCommand, ben: UserStore
) -> None:
    def together(*words: str) -> list[str] | None:
        turn = json.loads(recagent("ask", *words, "--json").out)
        people = (turn["together"] or {"people": []})["people"]
        return [person["name"] for person in people] if people else None

    assert together("a film for us", "--with", "ben", "-n", "2") == ["me", "ben"]
    assert together("more", "--continue", "-n", "2") == ["me", "ben"]
    assert together("something from the 2000s", "--continue", "--with", "me") is None
    assert together("undo", "--continue") == ["me", "ben"]  # the list of before, as it was
    assert together("redo", "--continue") is None
    assert together("back to the first list", "--continue") == ["me", "ben"]
    # The list is told of as it was ranked, whatever became of ben's profile since.
    with ben.transaction() as connection:
        connection.execute("DELETE FROM events WHERE profile = 'ben'")
    assert together("back to the first list", "--continue") == ["me", "ben"]
    assert recagent("why", "1").code == recagent("why-not", "Blue Static").code == 0
    assert together("a new film", "--continue") is None


def test_moods_and_lessons_are_nobodys_where_several_ask(
    recagent: RunCommand, ben: UserStore
) -> None:
    recagent("ask", "a slow-burn drama", "--with", "ben")
    assert not ben.events("me", kinds=["said"])
    recagent("ask", "a slow-burn drama")
    assert ben.events("me", kinds=["said"])


def test_with_in_the_chat(recagent: RunCommand, ben: UserStore) -> None:
    lines = ["/with", "/with bne", "/with ben least-misery", "a film", "/with", "/why 1",
             "/with most-pleasure", "/with off", "another film", "/with"]  # fmt: skip
    ran = recagent("chat", stdin="\n".join(lines))
    out, said = " ".join(ran.out.split()), " ".join(ran.err.split())
    assert "no profile 'bne' (profiles: ana, ben)" in said
    assert "for you and ben, by the least misery; the next list is" in said
    assert out.count("For all of you by the least misery") == 1 and "each of you" in out
    assert "for you and ben, by the most pleasure" in said
    assert said.endswith("for you alone; /with NAME makes lists for another profile, too")


def test_the_status_line_tells_who_it_is_for(ben: UserStore) -> None:
    from recagent_cli.ui.chat import Chat
    from recagent_cli.ui.chat_commands import completions
    from recagent_cli.ui.status import status_line

    with Assistant("films") as assistant:
        chat = Chat(assistant, assistant.new_session(), quiet=True)
        assert "with" not in status_line(chat, 80)
        assistant.go_with(["ben", "ana"])
        assert "with ana, ben" in status_line(chat, 80)
        assert [word for word, _ in completions(chat, "/with b")] == ["ben"]
