"""IARD: dialogue acts."""

from __future__ import annotations

from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.builtin.reading import Reading
from recagent_cli.agent.builtin.tokens import tokenize
from recagent_cli.agent.request import Intent, Request

from .dialogues import offered
from .scoring import Misses, Row, Scores

_ACT_OF = {"SEE": "seen", "REJ": "reject", "ACC": "accept", "INQ": "inquire"}


def iard_acts(request: Request, reading: Reading, shown: bool) -> set[str]:
    """Which of the five acts a turn does."""
    found: set[str] = set()
    acts = reading.acts
    asks = bool(acts & {"request", "similar"})
    if "seen" in acts or (reading.seen and shown):
        found.add("seen")
    if shown and acts & {"praise", "taste"} and not asks and not acts & {"accept", "not_seen"}:
        found.add("seen")  # praise of what was offered comes from those who know it
    if acts & {"reject", "blame"} or (reading.disliked and shown):
        found.add("reject")
    if "accept" in acts and "reject" not in acts:
        found.add("accept")
    if request.intent is Intent.ITEM_INFO and reading.question is not None:
        found.add("inquire")
    narrowed = reading.conditions or reading.weights or reading.wishes
    if shown and narrowed and request.intent is Intent.REFINE:
        found.add("critique")
    return found


def iard(rows: list[Row], parser: Parser, catalog: Catalog, misses: Misses) -> Scores:
    """Five acts, each with its own counts; the macro average is made of them."""
    names = ("seen", "reject", "accept", "critique", "inquire")
    scores: Scores = {name: [] for name in names}
    for row in rows:
        history: list[PastTurn] = []
        for turn in row["conversation"]:
            text = turn["utterance"]
            if turn["participant"] != "USER":
                rows_named = offered(text, parser)
                last = history[-1] if history else PastTurn("", "", (), Request(Intent.CHIT_CHAT))
                history[-1:] = [PastTurn(last.utterance, text, rows_named, last.request)]
                continue
            shown = history[-1].shown if history else ()
            request = parser.parse(text, history)
            reading = parser.read(tokenize(clean(text)), shown)
            history.append(PastTurn(text, "", (), request))
            labels = {act["intent"] for act in turn["dialogue_acts"]}
            wanted = {_ACT_OF[label] for label in labels if label in _ACT_OF}
            wanted |= {"critique" for label in labels if label.startswith("CRI")}
            got = iard_acts(request, reading, bool(shown))
            for name in names:
                in_both = name in wanted and name in got
                counts = (int(in_both), int(name in got - wanted), int(name in wanted - got))
                scores[name].append((row["id"], counts))
            if wanted != got:
                misses.append(
                    f"iard {row['id']} {text!r} wanted {sorted(wanted)} got {sorted(got)}"
                )
    return scores
