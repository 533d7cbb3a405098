"""Where calls may stand in a model's text: marks of the dialects, fenced blocks, quotations.

Everything here takes time in proportion to the text, whatever stands in it: patterns are bounded,
and what belongs to a mark is looked for only up to the next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_NAME = r"[\w.:-]{1,80}"
_OPENS = re.compile(
    r"<\|?(?:tool_call|function_call|tool|function)\|?"
    rf"(?:=(?P<equals>{_NAME})|\s{{1,3}}name=\"(?P<named>{_NAME})\")?\s{{0,3}}>"
    r"|<invoke\s{1,3}name=\"(?P<invoked>[^\"\n]{1,80})\"\s{0,3}>"
    r"|(?P<mistral>\[TOOL_CALLS?\])"
    r"|<｜tool▁call▁begin｜>(?:function<｜tool▁sep｜>)?"
    r"|<\|tool_call_begin\|>",
    re.I,
)
_CLOSES = re.compile(
    r"</(?:tool_call|function_call|tool|function|invoke)\s{0,3}>|<\|/tool_call\|>"
    r"|<｜tool▁calls?▁end｜>|<\|tool_calls?(?:_section)?_end\|>",
    re.I,
)
_HEAD = re.compile(
    rf"\s{{0,20}}(?P<name>{_NAME})\s{{0,20}}(?:\[CALL_ID\][\w-]{{1,40}}\s{{0,3}})?"
    r"(?:\[ARGS\]|<｜tool▁sep｜>|<\|tool_call_argument_begin\|>)?\s{0,20}(?=[{`<]|\Z)"
)
"""A name in front of its arguments: Mistral, DeepSeek, Kimi, GLM."""
_ACTION = re.compile(
    rf"^[ \t]{{0,8}}\*{{0,2}}Action\*{{0,2}}:\*{{0,2}}[ \t]{{0,8}}\*{{0,2}}`?(?P<name>{_NAME})`?"
    r"\*{0,2}[ \t]{0,8}\n{1,3}[ \t]{0,8}\*{0,2}Action Input\*{0,2}:\*{0,2}[ \t]{0,8}",
    re.M | re.I,
)
_NEXT = re.compile(
    r"^[ \t]{0,8}\*{0,2}(?:Action|Thought|Observation|Final Answer)\*{0,2}:", re.M | re.I
)
_INVENTED = re.compile(
    r"^[ \t]{0,8}\*{0,2}(?:Observation|Tool result|Result of \w{1,40})\*{0,2}\s{0,2}:"
    r"|<tool_response\b|<function_results?>|<｜tool▁outputs?▁begin｜>|\[TOOL_RESULTS\]",
    re.M | re.I,
)
_EXAMPLE = re.compile(
    r"\b(for example|example|e\.g\.|for instance|such as|(?:could|would) (?:write|call|use|look)"
    r"|looks? like|you can (?:write|call|use)|format is|instead of)\b",
    re.I,
)
_LOOKED_BACK = 160
_INLINE = re.compile(r"(?<!`)(`{1,2})(?!`)[^`\n]*\1(?!`)")
_QUOTED_LINE = re.compile(r"^[ \t]{0,3}>.*$", re.M)
_LANGUAGE = re.compile(r"[\w-]*")
_FENCES = ("```", "~~~")


@dataclass(frozen=True)
class Mark:
    """A place that is marked as a call.

    Attributes:
        start, end: in the text.
        name: of the tool, where the mark has it.
        body: what stands in it.
        closed: whether its end was written.
    """

    start: int
    end: int
    name: str | None
    body: str
    closed: bool


@dataclass(frozen=True)
class Fence:
    """A fenced block: where it stands, its language, what stands in it, and whether it ended."""

    start: int
    end: int
    language: str
    body: str
    closed: bool


def up_to_invented(text: str) -> str:
    """The text up to the first result that a model made up."""
    found = _INVENTED.search(text)
    return text[: found.start()] if found else text


def marks(text: str) -> list[Mark]:
    """The calls that are marked by tags or tokens of their own, quotations and examples left out.

    The dialects: `<tool_call>`, `<function=name>`, `<invoke name="…">`, `[TOOL_CALLS]`, DeepSeek's
    and Kimi's tokens.
    """
    bare = _without_quotes(text)
    opened = list(_OPENS.finditer(bare))
    found: list[Mark] = []
    for number, match in enumerate(opened):
        last = opened[number + 1].start() if number + 1 < len(opened) else len(bare)
        closing = _CLOSES.search(bare, match.end(), last)
        body = text[match.end() : closing.start() if closing else last]
        name = match["equals"] or match["named"] or match["invoked"]
        if name is None and (head := _HEAD.match(body)) and head.end() < len(body):
            name, body = head["name"], body[head.end() :]
        end = closing.end() if closing else last
        found.append(Mark(match.start(), end, name, body.strip(), closing is not None))
    return _meant(bare, found)


def actions(text: str) -> list[Mark]:
    """The calls written as `Action:` and `Action Input:`."""
    bare = _without_quotes(text)
    found: list[Mark] = []
    for match in _ACTION.finditer(bare):
        following = _NEXT.search(bare, match.end())
        end = following.start() if following else len(bare)
        found.append(
            Mark(match.start(), end, match["name"], text[match.end() : end].strip(), False)
        )
    return _meant(bare, found)


def fences(text: str) -> list[Fence]:
    """The fenced blocks of a text, in order; one on a single line, too."""
    found: list[Fence] = []
    position = 0
    opened: tuple[int, str, str, int] | None = None
    for line in text.splitlines(keepends=True):
        start, position = position, position + len(line)
        stripped = line.strip()
        mark = stripped[:3]
        if opened is None:
            if mark not in _FENCES:
                continue
            rest = stripped.lstrip(mark[0])
            language = _LANGUAGE.match(rest)[0]  # type: ignore[index]
            after = rest[len(language) :]
            if after.endswith(mark) and len(after) > 3:
                found.append(Fence(start, position, language, after[:-3], True))
            elif mark[0] not in after:
                begins = start + line.index(mark) + len(stripped) - len(after)
                opened = (start, mark, language, begins)
            continue
        if stripped.endswith(opened[1]):
            inner = text[opened[3] : position].rstrip().removesuffix(opened[1])
            found.append(Fence(opened[0], position, opened[2], inner, True))
            opened = None
    if opened is not None:
        found.append(Fence(opened[0], len(text), opened[2], text[opened[3] :], False))
    return found


def examples(text: str, spans: Sequence[tuple[int, int]]) -> list[bool]:
    """Which stretches of a text are announced as an example, or quoted.

    What follows an example with nothing between them belongs to it.
    """
    found: list[bool] = []
    end = 0
    for start, stop in spans:
        if not found or text[end:start].strip():
            before = text[max(end, start - 2 * _LOOKED_BACK) : start]
            told = before.rstrip()[-_LOOKED_BACK:].rpartition("\n\n")[2]
            quoted = before[-1:] in tuple("\"'“‘«(")
            found.append(bool(before) and (quoted or _EXAMPLE.search(told) is not None))
        else:
            found.append(found[-1])
        end = stop
    return found


def _meant(text: str, found: Sequence[Mark]) -> list[Mark]:
    """Without those that are announced as an example, or that stand within a sentence."""
    announced = examples(text, [(mark.start, mark.end) for mark in found])
    kept: list[Mark] = []
    for mark, example in zip(found, announced, strict=True):
        goes_on = _CLOSES.sub("", text[mark.end : mark.end + 400]).partition("\n")[0].strip()
        inside = mark.closed and goes_on[:1] not in ("", "<", "[", "`", "*")
        if not (example or inside):
            kept.append(mark)
    return kept


def _without_quotes(text: str) -> str:
    """Blank what is quoted: `code` in a line, lines with ">", blocks that are examples."""
    text = _QUOTED_LINE.sub(_blank, _INLINE.sub(_blank, text))
    blocks = fences(text)
    announced = examples(text, [(block.start, block.end) for block in blocks])
    pieces, position = [], 0
    for block, example in zip(blocks, announced, strict=True):
        if example or (block is blocks[-1] and text[block.end :].strip()):
            pieces += [text[position : block.start], " " * (block.end - block.start)]
            position = block.end
    return "".join([*pieces, text[position:]])


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


# Harmony: the tokens of gpt-oss, where a server hands them on.

_CHANNEL = re.compile(
    r"(?:<\|start\|>(?P<who>[^<]{0,200}))?<\|channel\|>(?P<head>[^<]{0,200})"
    r"(?:<\|constrain\|>[^<]{0,40})?<\|message\|>"
)
_CHANNEL_ENDS = re.compile(r"<\|(?:end|call|return|start|channel)\|>")
_RECIPIENT = re.compile(r"to=(?:functions\.)?([\w.-]{1,80})")


def channels(text: str) -> Iterator[tuple[str, str | None, str, bool]]:
    """(channel, recipient, body, whether it ended) of a text in harmony's tokens."""
    if not text.lstrip().startswith(("<|channel|>", "<|start|>")):
        return
    for match in _CHANNEL.finditer(text):
        ending = _CHANNEL_ENDS.search(text, match.end())
        body = text[match.end() : ending.start() if ending else len(text)]
        head = f"{match['who'] or ''} {match['head']}"
        recipient = _RECIPIENT.search(head)
        channel = match["head"].split()[0] if match["head"].split() else ""
        yield channel, recipient[1] if recipient else None, body.strip(), ending is not None
