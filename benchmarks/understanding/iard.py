"""IARD: dialogue acts."""

from __future__ import annotations

from recagent_catalogs.store import Catalog
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.dialogue.moves import MOVES
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.request import Intent, Request

from .dialogues import offered
from .scoring import Misses, Row, Scores

_ACT_OF = {"SEE": "seen", "REJ": "reject", "ACC": "accept", "INQ": "inquire"}


def iard(rows: list[Row], parser: Parser, catalog: Catalog, misses: Misses) -> Scores:
    """Five acts, each with its own counts; the macro average is made of them."""
    scores: Scores = {name: [] for name in MOVES}
    for row in rows:
        history: list[PastTurn] = []
        for turn in row["conversation"]:
            text = turn["utterance"]
            if turn["participant"] != "USER":
                rows_named = offered(text, parser)
                last = history[-1] if history else PastTurn("", "", (), Request(Intent.CHIT_CHAT))
                history[-1:] = [PastTurn(last.utterance, text, rows_named, last.request)]
                continue
            request, got = parser.parse(text, history), parser.moves(text, history)
            history.append(PastTurn(text, "", (), request))
            labels = {act["intent"] for act in turn["dialogue_acts"]}
            wanted = {_ACT_OF[label] for label in labels if label in _ACT_OF}
            wanted |= {"critique" for label in labels if label.startswith("CRI")}
            for name in MOVES:
                in_both = name in wanted and name in got
                counts = (int(in_both), int(name in got - wanted), int(name in wanted - got))
                scores[name].append((row["id"], counts))
            if wanted != got:
                misses.append(
                    f"iard {row['id']} {text!r} wanted {sorted(wanted)} got {sorted(got)}"
                )
    return scores
