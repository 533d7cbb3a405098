"""Questions about items ("who directed it?") and the catalog ("how many 80s horror films?")."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from recagent_catalogs.schema import CatalogSchema, Column, Role
from recagent_catalogs.text import fold

from ...request import Question
from ..answers.aggregates import RATING, catalog_question
from ..answers.why import asks_why
from ..readers.spans import Span
from ..words.lexicon import key_of
from ..words.patterns import Pattern
from ..words.tokens import Text
from ..words.vocabulary import Vocabulary
from .acts import Act
from .own_rating import MINE

_ANSWERED = (
    r"(?:(?:(?:no|nope|nah|yes|yeah|yep|yea) )?(?:i )?(?:have not|havent|have|did not|didnt|did)"
    r"(?: (?:seen|heard of|watched|know) (?:it|that|that one))? "
    r"(?=(?:who|whos|what|whats|when|how|is it|was it|does it|is that|does that)\b))?"
)
"""An answer before a question, with no mark between them: "no I haven't who is in it"."""
_ASKS = Pattern(
    rf"^{_ANSWERED}"
    r"(?:(?:and|so|ok|okay|oh|hi|hello|hey|well|yes|no|cool|great|interesting|but|also|hmm) )*"
    r"(?:(?:can|could|would) you (?:please )?(?:tell me|let me know|say) |do "
    r"you (?:happen to )?know |(?:please )?tell me |i wonder |i want to know |"
    r"any idea |remind me )?"
    r"(?P<wh>who|whos|whom|what|whats|when|whens|where|wheres|how|hows|which|"
    r"isnt|arent|wasnt|werent|is|are|was|were|does|did|do|has|have|in what|in which|what kind of|"
    r"about|more about|if|whether)\b"
)
_LEAD = (
    rf"^{_ANSWERED}(?:(?:and|so|ok|okay|oh|hey|well|yes|no|cool|great|really|very|interesting|but|"
    r"also|hmm|nice|"
    r"(?:can|could|would) you (?:please )?tell me|tell me|do you know|i wonder|any idea) )*"
)
_OF_OFFER = Pattern(
    _LEAD + r"(?:(?:is|isnt|was|wasnt|are|arent|were|does|doesnt|did|didnt|has|hasnt) "
    r"(?:it|that|this|he|she|they|these|those)\b(?! (?:all|enough|ok|okay)\b)"
    r"|(?:who|whos|what|whats|when|whens|how|hows|where|wheres)\b.*\b(?:it|its|he|she|they|director|"
    r"plot|story|storyline|rating|runtime|cast|critics|premise)\b"
    r"|(?:is it |was it )?any good$|whats? (?:is )?that$)"
)
_TO_ANYBODY = Pattern(r"\b(?:you|i|me|we|recommend|suggest|most|average|best|else|like)\b")


_TAG = Pattern(
    r"^(?:it|its|it s|that|thats|that s|this|he|hes|she|shes|they|theyre)"
    r"(?: (?!(?:too|more|i|im|you|me|sounds?|seems?|looks?|good|great|bad|"
    r"funny|another|enough|fine|ok|okay|all|cool|nice|interesting)\b)"
    r"\w+)+ (?:right|correct|(?:is|was|does|did|are|do|has)nt (?:it|he|she|they|that))$"
)
"""It plays in Rome, right: asked of what was offered."""
_OF_THIS = Pattern(
    r"^(?:what|whats|who|whos|when|how|is|was|does|did)\b.* (?:this|that) (?P<noun>\w+)\b"
)
_HAVE_YOU = Pattern(
    r"\bhave you (?:ever |also |already |by any chance )?(?:seen|watched|read|played|heard of)\b"
)


def tells_of(text: Text, acts: Sequence[Act]) -> bool:
    """Whether "have you seen …" names one more, after a verdict on what was offered."""
    asked = _HAVE_YOU.search(text.joined)
    if asked is None or any(act.name in ("not_seen", "reject", "blame") for act in acts):
        return False
    place = text.joined[: asked.start()].count(" ")
    return any(act.name in ("seen", "praise") and act.end <= place for act in acts)


def asks_of_offer(text: Text, vocabulary: Vocabulary) -> Question | None:
    """What is asked of what was just talked of, though no name points at it: "is it a comedy?"."""
    for start, end in _sentences(text):
        words = text.phrase(start, end)
        rest = re.sub(_LEAD, "", words)
        if (bare := _bare(re.sub(_LEAD, "", words), text.raw, vocabulary)) is not None:
            return bare
        plain = _OF_OFFER.match(words)
        items = vocabulary.items - {"one"}
        own = re.sub(r"\bbased (?:up)?on .*", "", rest)  # the book is another thing than the film
        marked = "?" in text.gap(end)
        of_this = _OF_THIS.match(rest)
        sure = marked and _TAG.match(rest) is not None
        if of_this and of_this["noun"].removesuffix("s") in vocabulary.lexicon.generic:
            sure = marked and not _TO_ANYBODY.search(rest)
        if sure or (
            plain and not _TO_ANYBODY.search(rest) and not any(w in items for w in own.split())
        ):
            return _item_question(words, vocabulary, True) or Question("attribute", "")
    return None


_STORY = frozenset(("plot", "story", "storyline", "premise", "synopsis", "summary"))
_HOW_MANY = re.compile(r"^how many (?P<unit>\w+)$")


def _bare(rest: str, raw: str, vocabulary: Vocabulary) -> Question | None:
    """What is asked by nothing but the name of a column: "the plot?", "how many pages?"."""
    if "?" not in raw:
        return None
    schema = vocabulary.schema
    if match := _HOW_MANY.match(rest):
        for column in schema.with_role(Role.NUMBER):
            names = {column.name, column.unit, *map(fold, column.aliases)}
            if {match["unit"], match["unit"].removesuffix("s")} & names:
                return Question("attribute", column.name)
            if column.unit == "min" and match["unit"] == "minutes":
                return Question("attribute", column.name)
        return None
    name = re.sub(r"^(?:the|its|and the) ", "", rest)
    text = schema.one(Role.TEXT)
    if name in _STORY:
        return Question("attribute", text.name if text else "")
    found = vocabulary.columns.get(key_of(name))
    if found is None or found.role in (Role.TITLE, Role.ID, Role.TAGS):
        return None
    return None if name in vocabulary.items else Question("attribute", found.name)


_WANTS_ANY = Pattern(
    r"^(?:\w+ ){0,3}(?:do|have|did|got) (?:you )?(?:know|have|got|recommend|suggest)(?: of)? "
    r"(?:any|some|a|an|anything|something|other|more|another)\b"
)
"""Do you know any good ones: a request."""
_SOME_ITEMS = Pattern(
    r"\bthere (?:any|some|more|other|another)\b|"
    r"^(?:\w+ ){0,2}(?:what|which)(?: other| new| good| more| else)+ \w+ (?:are|is|do|can|would)\b"
)
"""Are there any good films: a request."""
_ADDS = Pattern(r"^(?:and )?so (?:is|was|are|were|did|do|does) (?!it\b|that\b|he\b|she\b)")
"""So was Heat: no question."""
_WH = frozenset("who whos what whats when whens where how hows is are was were does did".split())
_PLOT = Pattern(
    r"\b(?:what (?:is|was|are|were) .+ about|whats .+ about|what about is|"
    r"(?:what is|whats|tell me|describe|summarize|summarise|give me) (?:the |"
    r"me the |me a )?(?:plot|story|storyline|premise|synopsis|summary)"
    r"|plot (?:of|to|for)|synopsis|storyline of|what happens in|about what)\b"
)
_GENERAL = Pattern(
    r"\b(?:tell me (?:a bit |a little |some |something )?(?:more )?about|more "
    r"(?:info|information|details|detail)(?: on| about)?|(?:info|information|"
    r"details|facts) (?:on|about|of|for)|describe|compare|differences? between|"
    r"what (?:is|was) .+ like|"
    r"^x(?: x)* (?:or|vs|versus) x(?: x)*$|^(?:\w+ )?(?:should|shall) (?:i|we) .*\bx or x\b|"
    r"what (?:did|do) you think (?:of|about)|(?:did|do) you (?:like|enjoy|"
    r"recommend) (?:it|that|this)|have you (?:ever )?(?:seen|played|read|"
    r"watched)|your opinion|do you know anything about|anything about)\b"
)
_MORE_ABOUT = Pattern(
    r"\b(?:know|hear|tell me|learn|read) (?:a (?:bit|little) )?(?:more )?about "
    r"(?:the |its )?(?:plot|story|storyline|premise|cast)\b"
)
_WHEN = Pattern(
    r"\b(?:what year|which year|how old|what decade|when (?:did|was|is|were|"
    r"does|do)|release (?:date|year)|year of release|when .+ (?:made|released|"
    r"out|published))\b"
)
_COUNT = Pattern(r"\b(?:how many|number of|count (?:of|the|all)|how much)\b")
_MOST = Pattern(
    r"\b(?:has|have|had|with|directed|made|is in|are in|appears in|wrote|"
    r"developed|starred in|in|by) (?:the )?most\b|\bmost (?:common|frequent|"
    r"prolific|frequently|often|represented|productive|popular)\b|\bmost "
    r"(?:films|movies|games|books|items|titles)\b|\bappears? most\b"
)
_SOME = Pattern(r"\b(?:some|any|recommend|suggest|other|others|else|another|similar)\b")
_OTHERS = Pattern(r"\b(?:others?|else|another|similar|recommend|suggest)\b")
_KIND = Pattern(r"\bwhat (?:kind|type|sort|style)\b")


_THERE = Pattern(
    r"^(?:(?:and|so|ok|okay|oh|hi|hello|hey|well|but|also) )*(?:"
    r"(?:do|dont) you (?:also |even |happen to )?(?:have|got|carry|stock)|have you got|got|"
    r"you have|"
    r"(?:is|are)(?= .* (?:available|here|there|included|catalog|catalogue|library|list)$))"
    r"(?: the| a)?(?: movie| film| game| book| one)?(?: called| named| titled)? x(?: x)*"
    r"(?: (?:in|on|the|your|this|available|here|there|included|catalog|catalogue|library|list|as|"
    r"well|too|at|all|please|by|any|chance))*$"
)
_GOOD = Pattern(
    r"\b(?:(?:is|are|was|were) .*\b(?:any good|good|great|bad|boring|worth|recommended|popular|"
    r"overrated|underrated|decent|ok|okay)\b(?! (?:for|with|in|as|at)\b)"
    r"|worth (?:it|watching|seeing|playing|reading|buying|my time|the time|a watch|a look)"
    r"|(?:should|shall) (?:i|we) (?:watch|see|play|read|buy|get|try)"
    r"|(?:would|will|might) (?:i|we) (?:like|enjoy|love) (?:x|it|that|this|the)\b"
    r"|how (?:good|bad|popular|well rated|highly rated) (?:is|are|was|were)"
    r"|(?:rating|ratings|score) (?:of|for|does|is|did)|how (?:is|was) .+ rated"
    r"|what (?:is|was) .+ (?:rating|rated|score))\b"
)


_SHOULD = Pattern(r"^(?:\w+ )?(?:should|shall|would|will)\b")


def asks_whether_there(utterance: str) -> bool:
    """Whether the turn asks if the catalog has something: "do you have Heat?"."""
    return bool(_HAS.match(fold(utterance)))


_HAS = Pattern(
    r"^(?:(?:and|so|ok|okay|oh|hi|hello|hey|well|but|also) )*(?:(?:do|dont) you (?:also |even |"
    r"happen to )?(?:have|got|carry|stock)|have you got|got|you have|(?:is|are) .* (?:available|"
    r"here|there|included|catalog|catalogue|library|list)$)"
)


def find_question(
    text: Text, vocabulary: Vocabulary, targets: bool, blocked: Collection[int]
) -> Question | None:
    """What is asked, or None where nothing is.

    Args:
        text: the request.
        vocabulary: the catalog's column words.
        targets: whether an item is named or pointed at.
        blocked: word numbers that are names.
    """
    for start, end in _sentences(text):
        said = text.phrase(start, end)
        if _ADDS.match(said) or _WANTS_ANY.match(said) or _exclaims(text, said, end):
            continue
        if _SOME_ITEMS.search(said) and vocabulary.items & set(said.split()):
            continue
        words = " ".join(
            w if start + i not in blocked else "x" for i, w in enumerate(text.words[start:end])
        )
        match = _ASKS.match(words)
        put = match or _SHOULD.match(words) or "?" in text.gap(end)
        if targets and put and MINE.search(words) and not _OTHERS.search(words):
            return Question("attribute", RATING)
        if targets and (column := _measure(words, vocabulary)) is not None:
            return Question("attribute", column.name)
        if _aggregate(words, vocabulary) and (found := _catalog_question(words, vocabulary)):
            return found
        if targets and (column := _named_column(words, vocabulary)) is not None:
            return Question("attribute", column.name)
        if (found := catalog_question(words, vocabulary)) and not (
            targets and found.kind == "average"
        ):
            return found
        if not targets and not _MORE_ABOUT.search(words):
            continue
        if _THERE.match(words):
            return Question("attribute", "")
        if asks_why(text):
            return Question("attribute", "")
        if (
            match
            or _MORE_ABOUT.search(words)
            or _SHOULD.match(words)
            or _GENERAL.search(words)
            or _PLOT.search(words)
            or "?" in text.gap(end)
        ):
            found = _item_question(words, vocabulary, match is not None)
            if found is not None:
                return found
    return None


_PROPOSAL = Pattern(r"^(?:(?:and|or|so|ok|okay|well|yes|no|hmm|oh) )*(?:how|what) about$")


def proposes(text: Text, spans: Sequence[Span], shown: Collection[int]) -> bool:
    """Whether a title that we did not show is proposed: "how about Alien?"."""
    return any(
        span.kind == "title"
        and span.data.row not in shown
        and _PROPOSAL.match(text.phrase(0, span.start))
        for span in spans
    )


def _exclaims(text: Text, said: str, end: int) -> bool:
    """What a film! What if the sun went out: neither asks."""
    return said.startswith("what if ") or (
        said.startswith(("what a ", "what an ")) and "?" not in text.gap(end)
    )


def _sentences(text: Text) -> list[tuple[int, int]]:
    words = text.words
    cuts = [
        i
        for i in range(len(words))
        # "Heat (1995) was great" asks nothing, although a bracket ends before "was".
        if text.begins_sentence(i)
        and not (i and text.gap(i).strip() == ")")
        or _asks_after_comma(text, i)
    ]
    cuts.append(len(words))
    return list(zip(cuts, cuts[1:], strict=False))


def _asks_after_comma(text: Text, index: int) -> bool:
    """Whether a question begins after a comma: "not me, would it be scary?"."""
    return (
        bool(index)
        and "?" in text.raw
        and "," in text.gap(index)
        and text.words[index] in _WH
        and text.words[index + 1 : index + 2] not in (("you",), ("i",), ("there",))
    )


def _aggregate(words: str, vocabulary: Vocabulary) -> bool:
    return bool(_COUNT.search(words) or _MOST.search(words))


def _catalog_question(words: str, vocabulary: Vocabulary) -> Question | None:
    if match := _COUNT.search(words):
        following = words[match.end() :].split()[:8]
        if any(key_of(w) in vocabulary.items or w in vocabulary.items for w in following):
            return Question("count")
        column = _column_in(following[:1], vocabulary)
        if column is not None and column.role in (Role.NUMBER,):
            return None
        if column is not None:
            return Question("count", column.name)
        units = {
            word
            for number in vocabulary.schema.with_role(Role.NUMBER)
            for word in (number.name, number.unit, *number.aliases)
        }
        return None if not following or set(following[:2]) & units else Question("count")
    column = _column_in(words.split(), vocabulary) or _who(words, vocabulary.schema)
    if (
        column is None
        and re.search(r"^(?:and |so )?(?:who|which|what)\b", words)
        and _missing_column(words, vocabulary)
    ):
        return Question("most", "")
    if (
        column is not None
        and column.role not in (Role.TITLE, Role.ID, Role.TEXT, Role.NUMBER)
        and _MOST.search(words)
    ):
        if re.search(
            r"^(?:and |so )?(?:who|which|what|whats|whos|the most|most|tell me|do you know)", words
        ):
            return Question("most", column.name)
    return None


def _missing_column(words: str, vocabulary: Vocabulary) -> bool:
    return any(
        f" {cue} " in f" {words} " for cues in vocabulary.lexicon.missing.values() for cue in cues
    )


def _column_in(words: list[str], vocabulary: Vocabulary) -> Column | None:
    for size in (3, 2, 1):
        for i in range(len(words) - size + 1):
            column = vocabulary.columns.get(key_of(" ".join(words[i : i + size])))
            if column is not None and column.role is not Role.TITLE:
                return column
    return None


def _who(words: str, schema: CatalogSchema) -> Column | None:
    """The column of people that a verb after "who" points to, by the columns' cues."""
    match = re.search(r"\b(?:who|whos|whom|whose)\b(?P<rest>.*)", words)
    if match is None:
        return None
    rest = f" {match['rest'].strip()} "
    best: tuple[int, Column] | None = None
    for column in schema.with_role(Role.PEOPLE):
        for cue in (*column.cues, column.label):
            for form in _verb_forms(fold(cue)):
                if f" {form} " in rest and (best is None or len(form) > best[0]):
                    best = (len(form), column)
    if best is None and re.search(r" (?:in|is in|are in|s in) ", rest):
        people = [
            c
            for c in schema.with_role(Role.PEOPLE)
            if any(" in" in cue or cue == "with" for cue in c.cues)
        ]
        return people[0] if people else None
    if best is None:
        people = list(schema.with_role(Role.PEOPLE))
        return (
            people[0]
            if people and re.search(r" (?:made|created|is behind|did|wrote) ", rest)
            else None
        )
    return best[1]


def _verb_forms(cue: str) -> tuple[str, ...]:
    verb = cue.removesuffix(" by")
    if len(verb) < 4 and " " not in verb:
        return ()
    forms = [verb]
    if verb.endswith("ed"):
        forms += [verb[:-2], verb[:-1], verb[:-2] + "s"]
    if verb.endswith("ring"):
        forms += [verb[:-4] + "s", verb[:-4] + "r", verb[:-3] + "ed"]
    return tuple(forms)


def superlative(text: Text, schema: CatalogSchema) -> tuple[str, float] | None:
    """The column that "the shortest", "the newest" compare, and 1 where the most is meant."""
    said = set(text.words)
    for column in schema.with_role(Role.NUMBER):
        for sign, words in ((-1.0, column.low), (1.0, column.high)):
            if said & {form for word in words for form in (f"{word}est", f"{word}er")}:
                return column.name, sign
    year = schema.one(Role.YEAR)
    if year is not None and said & {"oldest", "earliest"}:
        return year.name, -1.0
    newest = said & {"newest", "latest"} or "most recent" in text.joined
    return (year.name, 1.0) if year is not None and newest else None


def _superlative(words: str, schema: CatalogSchema) -> Column | None:
    """The column that "the shortest", "the newest" compare."""
    said = set(words.split())
    for column in schema.with_role(Role.NUMBER):
        sizes = (*column.low, *column.high)
        if said & {f"{word}est" for word in sizes}:
            return column
        if said & {f"{word}er" for word in sizes} and re.match(r"(?:is|are|which|what)\b", words):
            return column
    newest = said & {"oldest", "newest", "latest", "earliest"}
    return schema.one(Role.YEAR) if newest else None


def _measure(words: str, vocabulary: Vocabulary) -> Column | None:
    """The column of numbers that "is it long?" and "what does it cost?" ask for."""
    graded = re.search(r"^(?:\w+ )?(?:is|are|was|were) .*?(?P<word>\w+)$", words)
    for column in vocabulary.schema.with_role(Role.NUMBER):
        names = {fold(column.name), column.unit, *map(fold, column.aliases)}
        sizes = {fold(word) for word in (*column.low, *column.high)}
        if graded and graded["word"] in sizes and not _complains(words):
            return column
        if names & {"price", "cost"} and re.search(
            r"\b(?:cost|costs|how much (?:is|are|for))\b", words
        ):
            return column
    return None


def _complains(words: str) -> bool:
    """Whether something is too long, rather than asked to be: "those are too long"."""
    return " too " in words and not re.match(r"(?:is|are|was|were) ", words)


def _named_column(words: str, vocabulary: Vocabulary) -> Column | None:
    """The column of "the cast of Heat", where nothing else is said."""
    match = _OF_IT.match(words)
    return _column_in(match["what"].split(), vocabulary) if match else None


_OF_IT = Pattern(
    r"^(?:(?:and|so|the|please|show me|give me|tell me) )*(?P<what>\w+(?: \w+)?) (?:of|for|in) "
    r"(?:the )?(?:(?:movie|film|game|book) )?x(?: x)*(?: please)?$"
)


def _item_question(words: str, vocabulary: Vocabulary, asks: bool) -> Question | None:
    schema = vocabulary.schema
    others = _OTHERS.search(words) or words.startswith("if ")
    if _GOOD.search(words) and not others and (asks or _SHOULD.match(words)):
        return Question("attribute", RATING)
    if _PLOT.search(words) or _MORE_ABOUT.search(words):
        text = schema.one(Role.TEXT)
        return Question("attribute", text.name if text else "")
    if _SOME.search(words):
        return None
    if (column := _who(words, schema)) is not None:
        return Question("attribute", column.name)
    if re.search(r"\bwho|whos\b", words):
        return Question("attribute", "")
    year = schema.one(Role.YEAR)
    if year is not None and _WHEN.search(words):
        return Question("attribute", year.name)
    if found := re.search(r"\bhow (?P<word>\w+)", words):
        for column in schema.with_role(Role.NUMBER):
            if found["word"] in column.high or found["word"] in column.low:
                return Question("attribute", column.name)
    if (column := _superlative(words, schema)) is not None:
        return Question("attribute", column.name)
    if _KIND.search(words) and (column := schema.one(Role.CATEGORIES)):
        return Question("attribute", column.name)
    if asks and not re.search(
        r"\b(?:like|similar|recommend|suggest|suggestions|others?|else|another|any)\b", words
    ):
        column = _column_in(words.split(), vocabulary)
        if column is not None and column.role is not Role.ID:
            return Question("attribute", column.name)
        if re.match(
            r"^(?:\w+ ){0,3}(?:(?:is|are|was|were)(?:nt)?|does|did|has|whats|what|where|when|"
            r"which) ",
            words + " ",
        ) and not re.search(r"\b(?:there|you|i)\b", words):
            return Question("attribute", "")
    return Question("attribute", "") if _GENERAL.search(words) else None
