"""Users who look alike and push an item: found where they are, and nowhere else."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from recagent_catalogs.bursts import MOST_TOLD, Group, groups
from recagent_catalogs.ingest import ingest
from recagent_catalogs.interactions import Interactions
from recagent_cli.commands.catalog import _look_alikes
from tests.hostile.poison import Aim, Fake, aims, fakes, honest_people, poisoned

HONEST = honest_people()


def found_in(taken: Interactions) -> list[Group]:
    return groups(taken.item, taken.indptr, taken.n_items)


def attacked(kind: str, seed: int, many: int = 6) -> tuple[Interactions, Aim]:
    rng = np.random.default_rng(seed)
    aim = aims(HONEST, 1, rng)[0]
    return poisoned(HONEST, list(fakes(kind, aim, HONEST, many, rng))), aim


def test_people_of_one_taste_are_no_group() -> None:
    assert found_in(HONEST) == []


@pytest.mark.parametrize("kind", ["segment", "padded", "burst", "spread", "short"])
def test_all_made_up_users_are_found_and_nobody_else(kind: str) -> None:
    for seed in range(3):
        taken, aim = attacked(kind, seed)
        (group,) = found_in(taken)
        assert group.users.tolist() == list(range(HONEST.n_users, taken.n_users))
        assert group.pushed.tolist() == [aim.target]


def test_two_groups_are_told_apart() -> None:
    rng = np.random.default_rng(3)
    one, other = aims(HONEST, 2, rng)
    more = [*fakes("padded", one, HONEST, 8, rng), *fakes("padded", other, HONEST, 12, rng)]
    large, small = found_in(poisoned(HONEST, more))
    assert (len(large.users), large.pushed.tolist()) == (12, [other.target])
    assert (len(small.users), small.pushed.tolist()) == (8, [one.target])


def with_histories(rows: list[list[int]]) -> Interactions:
    return poisoned(HONEST, [Fake(np.array(one, np.int32), np.arange(len(one))) for one in rows])


def test_the_same_thing_under_five_numbers_is_no_push() -> None:
    """All they took is theirs alone: it stands beside nothing that others took."""
    rare = np.argsort(np.bincount(HONEST.item, minlength=HONEST.n_items))[:6].tolist()
    assert found_in(with_histories([rare] * 12)) == []


def test_newcomers_who_were_shown_the_same_list_push_nothing() -> None:
    popular = np.argsort(-np.bincount(HONEST.item, minlength=HONEST.n_items))[:12].tolist()
    assert found_in(with_histories([popular] * 12)) == []


def test_few_users_and_empty_data_are_no_group() -> None:
    taken, _ = attacked("padded", 0, many=3)
    assert found_in(taken) == []
    assert groups(np.empty(0, np.int32), np.zeros(1, np.int64), 5) == []
    assert groups(np.empty(0, np.int32), np.zeros(50, np.int64), 5) == []


def write(folder: Path, taken: Interactions, name_of: str) -> None:
    folder.mkdir()
    with (folder / "items.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "title"])
        writer.writerows((row, f"Item \x1b[31m{row}") for row in range(taken.n_items))
    assert taken.time is not None and taken.value is not None
    with (folder / "ratings.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "item_id", "rating", "timestamp"])
        for user, item, value, time in zip(
            taken.user, taken.item, taken.value, taken.time, strict=True
        ):
            name = f"{name_of}{user}" if user >= HONEST.n_users else f"u{user}"
            writer.writerow([name, item, value, time])


def test_the_data_report_tells_of_them(tmp_path: Path) -> None:
    taken, aim = attacked("burst", 1, many=25)
    write(tmp_path / "data", taken, "bot\x1b[1m")
    report = ingest(
        tmp_path / "data" / "items.csv",
        tmp_path / "made",
        name="made",
        interactions=tmp_path / "data" / "ratings.csv",
    )
    (group,) = report.look_alikes
    assert group["users"] == 25 and len(group["ids"]) == MOST_TOLD
    assert all(id.startswith("bot") and "\x1b" not in id for id in group["ids"])
    (item,) = group["items"]
    assert item["id"] == str(aim.target) and "\x1b" not in item["title"]
    assert group["best"] == 1.0 and 0 < group["within_s"] < 7_200
    written = json.loads((tmp_path / "made" / "report.json").read_text(encoding="utf-8"))
    assert written["look_alikes"] == report.look_alikes
    said = _look_alikes(group)
    assert said.startswith("look alike: 25 users have nearly the same history")
    assert f"who took Item {aim.target} are among them (" in said
    assert "perhaps a class or a club, perhaps made up" in said
    assert "nearly all of their ratings are the best, all within a day" in said
