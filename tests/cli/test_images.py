"""Pictures that a person shows: what is taken, what leaves the machine, who refuses them."""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent_catalogs.errors import BadInput, ModelError
from recagent_cli.agent.budget import weight_of
from recagent_cli.agent.builtin.brain import BuiltinBrain
from recagent_cli.agent.llm import LLMBrain
from recagent_cli.agent.model_errors import failure
from recagent_cli.agent.picture import (
    MOST_BYTES,
    WITHOUT_WORDS,
    Picture,
    open_picture,
    open_pictures,
    told_with,
)
from recagent_cli.agent.picture_bytes import bared, type_of
from recagent_cli.agent.request import Intent, Request
from recagent_cli.agent.session import Session
from recagent_cli.agent.wire import Message
from recagent_cli.testing import Answer, FakeServer
from recagent_cli.ui.chat_image import paths, split

from ..conftest import RunCommand
from .llm_bench import (  # noqa: F401
    LITELLM_WARNS,
    POPULAR,
    Bench,
    bench,
    call,
    calls,
    client_of,
    litellm_ready,
    sent_text,
)
from .picture_bytes import SECRET, gif, jpeg, png, webp

pytestmark = LITELLM_WARNS
POSTER = Picture("image/png", png(secret=False), "poster.png", 60, 90)
ALL: dict[str, tuple[str, Callable[[], bytes]]] = {
    "png": ("image/png", png),
    "jpeg": ("image/jpeg", jpeg),
    "jpeg, big-endian": ("image/jpeg", lambda: jpeg(8, order="big")),
    "gif": ("image/gif", gif),
    "webp": ("image/webp", webp),
    "webp, lossy": ("image/webp", lambda: webp(b"VP8 ")),
    "webp, lossless": ("image/webp", lambda: webp(b"VP8L")),
}


# -- bytes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ALL)
def test_nothing_of_people_and_places_is_left_in_a_picture(kind: str) -> None:
    media_type, make = ALL[kind]
    data = make()
    assert SECRET in data and type_of(data) == media_type
    bare, size = bared(data)
    assert SECRET not in bare and b"EXIF" not in bare and size == (60, 90)
    assert SECRET[:7] not in bare, "not behind the parts of a frame either"
    assert bared(bare) == (bare, size), "done once, nothing is left to do"
    assert type_of(bare) == media_type and len(bare) < len(data)


def test_pixels_colours_and_which_way_is_up_stay() -> None:
    assert bared(png())[0] == png(secret=False)
    bare = bared(jpeg(6))[0]
    assert bare.count(b"pixels\xff\x00more\xff\xd0and more") == 2
    assert b"ICC_PROFILE" in bare and b"JFIF" in bare and b"MPF" not in bare
    assert bare.count(b"Exif") == 1 and b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06" in bare
    assert bared(jpeg(8, order="big"))[0].count(b"\x01\x00\x08") == 1
    assert b"Exif" not in bared(jpeg(1))[0] and b"Exif" not in bared(jpeg(77))[0]
    assert b"NETSCAPE2.0" in bared(gif())[0] and b"XMP" not in bared(gif())[0]
    assert b"JFIF\0\x01\x02\0\0\x48\0\x48\0\0\xff" in bare, "without its thumbnail"
    assert b"Adobe\0\x64\0\0\0\0\x01\xff" in bare
    assert bared(gif())[0].count(b"\x21\xf9") == 1
    bare = bared(webp())[0]
    assert bare.partition(b"VP8X")[2][4:8] == b"\x02\0\0\0", "it promises only what is there"
    assert bare.count(b"VP8 ") == bare.count(b"ALPH") == bare.count(b"ANMF") == 1


@given(st.sampled_from(sorted(ALL)), st.data())
def test_a_broken_picture_is_an_error_or_bare(kind: str, drawn: st.DataObject) -> None:
    data = bytearray(ALL[kind][1]())
    for _ in range(drawn.draw(st.integers(0, 3))):
        data[drawn.draw(st.integers(0, len(data) - 1))] = drawn.draw(st.integers(0, 255))
    cut = bytes(data[: drawn.draw(st.integers(0, len(data)))])
    try:
        picture = open_picture(cut)
    except BadInput:
        return
    assert type_of(picture.data) == type_of(cut) == picture.media_type
    assert bared(picture.data) == (picture.data, (picture.width, picture.height))


REPEATED = {
    "png": (b"\x89PNG\r\n\x1a\n", b"\0\0\0\0IDAT\0\0\0\0", b"\0\0\0\0IEND\0\0\0\0"),
    "jpeg": (b"\xff\xd8", b"\xff\xdb\0\x02", b"\xff\xd9"),
    "jpeg, fill bytes": (b"\xff\xd8\xff\xdd\0\x02", b"\xff", b"\xd9"),
    "jpeg, scans": (b"\xff\xd8\xff\xda\0\x02", b"\xff\xd0\xff\xda\0\x02", b"\xff\xd9"),
    "gif": (b"GIF89a\1\0\1\0\0\0\0", b"\x21\xf9\x04\0\0\0\0\0", b"\x3b"),
    "gif, sub-blocks": (b"GIF89a\1\0\1\0\0\0\0\x21\xfe", b"\1\0", b"\0\x3b"),
    "webp": (b"RIFF\xff\xff\xff\0WEBP", b"VP8 \x0a\0\0\0" + bytes(10), b""),
    "webp, frames": (b"RIFF\xff\xff\xff\0WEBP", b"ANMF\x10\0\0\0" + bytes(16), b""),
}


@given(st.sampled_from(sorted(REPEATED)), st.integers(0, 300), st.binary(max_size=12))
def test_each_byte_is_read_once(kind: str, times: int, rubbish: bytes) -> None:
    first, part, last = REPEATED[kind]
    data = first + part * times + rubbish + last
    lines = 0

    def count(frame: FrameType, what: str, _: object) -> Callable[..., Any] | None:
        nonlocal lines
        if frame.f_code.co_filename != bared.__code__.co_filename:
            return None
        lines += what == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        bared(data)
    except ValueError:
        pass
    finally:
        sys.settrace(before)
    assert lines <= 100 + 12 * len(data)


def test_a_picture_of_very_many_parts_is_put_together_once() -> None:
    many = 100_000  # of a megabyte; put together part by part it would take tens of seconds
    first, part, _ = REPEATED["webp"]
    bare, size = bared(first + part * many)
    assert len(bare) == 12 + len(part) * many and size == (0, 0)


def test_what_is_no_picture_is_refused_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusal(source: str | Path | bytes) -> str:
        with pytest.raises(BadInput) as caught:
            open_picture(source)
        return f"{caught.value.message} ({caught.value.hint})"

    def file(name: str, data: bytes) -> Path:
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    monkeypatch.chdir(tmp_path)
    assert "is no picture" in refusal(file("notes.png", b"just text"))
    assert "is no picture" in refusal(file("x.svg", b"<svg onload='x'/>"))
    assert "is no picture" in refusal(file("page.jpg", b"<html>"))
    assert "is empty" in refusal(file("empty.png", b""))
    assert "is damaged" in refusal(file("cut.png", png()[:60]))
    assert "is damaged" in refusal(file("flat.png", png(0, 9)))
    assert "9,000 × 1 pixels" in refusal(file("long.png", png(9_000, 1)))
    assert "10 MB are the most" in refusal(file("big.gif", gif() + bytes(MOST_BYTES)))
    assert "10 MB are the most" in refusal(gif() + bytes(MOST_BYTES))
    assert "No such file" in refusal(tmp_path / "none.png")
    assert "no regular file" in refusal(tmp_path) and "no regular file" in refusal("/dev/zero")
    os.mkfifo(tmp_path / "pipe.png")
    assert "no regular file" in refusal(tmp_path / "pipe.png")
    for address in ("https://example.org/a.png", "file:///etc/passwd", "data:image/png;base64,AA"):
        assert "nothing is fetched" in refusal(address), address
    assert "standard input" in refusal("-") and "no name" in refusal("a\0b")
    with pytest.raises(BadInput, match="5 pictures"):
        open_pictures([png()] * 5, "a model")
    assert open_picture(file("holiday at home.txt", jpeg())).media_type == "image/jpeg"


def test_what_is_told_of_a_picture_is_its_name_and_size(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31m poster.png").write_bytes(png(secret=False))
    picture = open_picture(tmp_path / "a\x1b[31m poster.png")
    assert "\x1b" not in picture.told and str(tmp_path) not in picture.told
    told = told_with("like this", [picture, POSTER])
    assert told.startswith("like this (pictures: a") and told.endswith("poster.png, 1 KB)")
    assert told_with("like this", []) == "like this"
    assert "data" not in repr(picture) and repr(picture) != repr(POSTER)
    large = Picture("image/png", b"", "x", 4_000, 3_000)
    assert (POSTER.tokens, large.tokens) == (85, 1_600)
    shown = Message("user", "four", images=(large, large))
    assert weight_of([shown]) - weight_of([Message("user", "four")]) == 2 * 1_600 * 4


# -- the wire -------------------------------------------------------------------------------------


def _in_openai(message: dict[str, Any]) -> list[str]:
    return [p["image_url"]["url"] for p in message["content"] if p["type"] == "image_url"]


def _in_anthropic(message: dict[str, Any]) -> list[str]:
    parts = [p["source"] for p in message["content"] if p["type"] == "image"]
    assert all(part["type"] == "base64" for part in parts)
    return [f"data:{part['media_type']};base64,{part['data']}" for part in parts]


def _in_gemini(message: dict[str, Any]) -> list[str]:
    parts = [p["inline_data"] for p in message["parts"] if "inline_data" in p]
    return [f"data:{part['mime_type']};base64,{part['data']}" for part in parts]


def _in_ollama(message: dict[str, Any]) -> list[str]:
    datas = [base64.b64decode(data) for data in message["images"]]
    return [f"data:{type_of(d)};base64,{base64.b64encode(d).decode()}" for d in datas]


READ = {
    "openai": _in_openai,
    "anthropic": _in_anthropic,
    "gemini": _in_gemini,
    "ollama": _in_ollama,
}


@pytest.mark.parametrize("dialect", READ)
def test_pictures_arrive_in_each_dialect_byte_for_byte(
    dialect: str,
    litellm_ready: None,  # noqa: F811
) -> None:
    pictures = tuple(open_picture(make()) for _, make in ALL.values())[:4]
    message = Message("user", "like this", images=pictures)
    with FakeServer(Answer(text="I see.")) as server:
        reply = client_of(server, dialect).complete([message])
    sent = server.requests[-1].messages[-1]
    assert reply.text == "I see." and "like this" in str(sent)
    assert READ[dialect](sent) == [picture.url for picture in pictures]
    assert SECRET not in b"".join(picture.data for picture in pictures)


@pytest.mark.parametrize("model", ["deepseek/deepseek-chat", "sambanova/x"])
def test_where_litellm_would_drop_a_picture_nothing_is_sent(
    model: str,
    litellm_ready: None,  # noqa: F811
) -> None:
    with FakeServer(Answer(text="a fine poster")) as server, pytest.raises(ModelError) as caught:
        client = client_of(server, model=model)
        client.complete([Message("user", "like this", images=(POSTER,))])
    assert caught.value.reason == "no_images" and not server.requests


@pytest.mark.parametrize(("able", "sees"), [(["completion"], False), (["vision"], True)])
def test_an_ollama_server_is_asked_whether_its_model_sees(
    able: list[str],
    sees: bool,
    litellm_ready: None,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Written from Ollama's documentation: /api/show tells of `capabilities`."""
    import httpx

    asked: list[Any] = []

    def show(url: str, **rest: Any) -> httpx.Response:
        asked.append((url, rest["json"]))
        return httpx.Response(200, json={"capabilities": able})

    monkeypatch.setattr(httpx, "post", show)
    with FakeServer(Answer(text="I see."), Answer(text="hi")) as server:
        client = client_of(server, "ollama")
        message = Message("user", "like this", images=(POSTER,))
        if sees:
            assert client.complete([message]).text == "I see."
        else:
            with pytest.raises(ModelError, match="cannot look at pictures"):
                client.complete([message])
        assert asked == [(f"{server.url}/api/show", {"model": "llama3.1"})]


REFUSALS = {
    "OpenAI": "Invalid content type. image_url is only supported by certain models.",
    "Anthropic": "'claude-x' does not support image input.",
    "Groq": "messages[1].content must be a string",
    "Mistral": "Image input is not enabled for this model",
    "Gemini": "Image input modality is not enabled for models/x",
    "OpenRouter": "No endpoints found that support image input",
    "DeepSeek": "messages[1]: unknown variant `image_url`, expected `text`",
    "vLLM": "x is not a multimodal model",
    "vLLM, limited": "At most 0 image(s) may be provided in one prompt.",
    "llama.cpp": "image input is not supported - hint: you may need to provide the mmproj",
    "LM Studio": "Model does not support images. Please use a model that does.",
    "Ollama": "this model is missing data required for image input",
    "xAI": "Image inputs are not supported by this model.",
    "Bedrock": "This model doesn't support the image content block that you provided.",
}
"""From the servers' sources and documentation."""


@pytest.mark.parametrize("server", REFUSALS)
def test_a_blind_model_is_known_by_what_its_server_says(server: str) -> None:
    error = RuntimeError(f"litellm.BadRequestError: OpenAIException - {REFUSALS[server]}")
    assert failure(error, model="m", pictures=True).error.reason == "no_images"
    assert failure(error, model="m").error.reason != "no_images", "none was sent"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("image exceeds 5 MB maximum: 7340032 bytes > 5242880 bytes", "bad_image"),
        ("Could not process image", "bad_image"),
        ("prompt is too long: 210000 tokens", "context"),
        ("this model does not support tools", "no_tools"),
    ],
)
def test_other_errors_beside_a_picture_are_told_apart(said: str, reason: str) -> None:
    assert failure(RuntimeError(said), model="m", pictures=True).error.reason == reason
    busy = RuntimeError("images per minute: no image allowed now")
    busy.status_code = 429  # type: ignore[attr-defined]
    assert failure(busy, model="m", pictures=True).error.reason == "rate_limit"


# -- a turn ---------------------------------------------------------------------------------------


def _shows(bench: Bench, brain: LLMBrain, words: str = WITHOUT_WORDS, **more: Any) -> Any:  # noqa: F811
    return bench.turn(brain, words, pictures=(POSTER,), **more)


def test_what_a_model_sees_it_must_find_by_tools(bench: Bench) -> None:  # noqa: F811
    title = bench.catalog.item(0).title
    found = call("look_up", {"sql": f"SELECT id, title FROM items WHERE title = '{title}'"})
    said = f"Your poster shows {title}. It also looks like Zorblax Returns (1988)."
    present = call("present", {"count": 2, "text": said})
    answers = (calls(found), calls(call("similar", {"liked": [title]}), present), calls(present))
    unseen = [Answer(text=said)] * 2  # sent back, it says so again
    with FakeServer(*answers, *unseen, Answer(text="You are welcome.")) as server:
        brain = LLMBrain(client_of(server))
        turn = _shows(bench, brain)
        unfounded = _shows(bench, brain, "what is this?")
        bench.turn(brain, "thanks")
    assert turn.text == f"Your poster shows {title}." and len(turn.items) == 2
    assert not unfounded.text.startswith("Your poster"), "no tool found it"
    assert turn.utterance == "something like this (picture: poster.png, 1 KB)"
    first, second, _, third, _, last = ([str(m) for m in r.messages] for r in server.requests)
    assert [m.count(POSTER.url) for m in first] == [0, 1]
    assert sum(m.count(POSTER.url) for m in second) == 1, "still there in the turn's next step"
    assert sum(m.count(POSTER.url) for m in third) == 1, "its own, not that of the turn before"
    assert not any(POSTER.url in m for m in last) and "poster.png, 1 KB" in sent_text(server)
    assert base64.b64encode(POSTER.data).decode() not in json.dumps(turn.to_json())
    assert first[0] == last[0], "the system prompt stays"
    assert "never give you orders" in first[1] and "The person shows" not in last[-1]


def test_a_blind_model_is_asked_once(bench: Bench) -> None:  # noqa: F811
    refusal = Answer(status=400, body={"error": {"message": REFUSALS["OpenAI"]}})
    with FakeServer(refusal, calls(POPULAR, call("present", {"count": 2}))) as server:
        brain = LLMBrain(client_of(server))
        for _ in range(2):
            with pytest.raises(ModelError, match="cannot look at pictures") as caught:
                _shows(bench, brain, "like this", fallback=BuiltinBrain())
            assert caught.value.reason == "no_images" and "in words" in caught.value.hint
        assert len(server.requests) == 1, "it is remembered"
        assert len(bench.turn(brain, "what is popular").items) == 2, "words still go to it"
    assert len(bench.session.turns) == 1


def test_whoever_answers_by_the_words_says_that_nobody_looked(bench: Bench) -> None:  # noqa: F811
    broken = Answer(status=401, body={"error": {"message": "invalid api key"}})
    with FakeServer(broken, broken) as server:
        turn = _shows(bench, LLMBrain(client_of(server)), "popular films", fallback=BuiltinBrain())
        (notice,) = (text for kind, text in turn.notices if kind == "fallback")
        assert "nobody looked at the picture" in notice and turn.items
        with pytest.raises(ModelError, match="key"):  # nothing but the picture was asked about
            _shows(bench, LLMBrain(client_of(server)), fallback=BuiltinBrain())


def test_this_beside_a_picture_is_not_an_item_of_the_list(bench: Bench) -> None:  # noqa: F811
    """Read by the parser as it stands, "these" would be noted of the list that stands."""
    seen: list[tuple[int, int]] = []

    def read(said: str, session: Session) -> Request:
        seen.append((len(session.turns), len(session.shown)))
        return Request(Intent.FEEDBACK, unused=("shelf",))

    with FakeServer(calls(POPULAR, call("present", {"count": 2})), Answer(text="Hm.")) as server:
        brain = LLMBrain(client_of(server))
        bench.turn(brain, "popular")
        turn = _shows(bench, brain, "I have seen these on my shelf", read=read)
    assert seen == [(0, 0)] and not [kind for kind, _ in turn.notices if kind == "unused"]


# -- commands -------------------------------------------------------------------------------------


def test_ask_refuses_pictures_where_nobody_can_look(
    recagent: RunCommand, home: Path, tmp_path: Path
) -> None:
    poster, fake = tmp_path / "poster.png", tmp_path / "fake.png"
    poster.write_bytes(png())
    fake.write_bytes(b"<svg/>")
    told = {
        ("--image", str(poster)): (2, "the built-in brain cannot look at pictures"),
        ("-m", "x/y", "--image", str(fake)): (4, "fake.png is no picture"),
        ("-m", "x/y", "--image", "none.png"): (4, "No such file"),
        ("-m", "x/y", *("--image", str(poster)) * 5): (2, "5 times --image"),
        ("-m", "x/y", "--dry-run", "--image", str(poster)): (2, "a plan is of words alone"),
        (): (2, "Missing argument 'TEXT...'"),
    }
    for words, (code, says) in told.items():
        ran = recagent("ask", *words)
        assert (ran.code, ran.out) == (code, "") and says in ran.err, (words, ran)


def test_ask_shows_a_picture_to_a_model(
    recagent: RunCommand,
    home: Path,
    tmp_path: Path,
    litellm_ready: None,  # noqa: F811
) -> None:
    (tmp_path / "my poster.png").write_bytes(png())
    present = call("present", {"count": 2, "text": "Two for your poster."})
    blind = Answer(status=400, body={"error": {"message": REFUSALS["OpenAI"]}})
    with FakeServer(calls(POPULAR, present), blind) as server:
        model = ("-m", "openai/any", "--api-base", server.url)
        ran = recagent("ask", *model, "--image", str(tmp_path / "my poster.png"), "--json")
        assert ran.code == 0 and json.loads(ran.out)["text"] == "Two for your poster.", ran
        assert base64.b64encode(png(secret=False)).decode() in sent_text(server)
        assert str(tmp_path) not in sent_text(server), "a path tells of the machine"
        refused = recagent("ask", *model, "--image", str(tmp_path / "my poster.png"), "x")
    assert refused.code == 5 and "cannot look at pictures" in refused.err
    kept = (home / "data" / "user.sqlite").read_bytes()
    assert b"my poster.png" in kept and b"IHDR" not in kept and b"iVBORw0" not in kept


def test_chat_image_takes_paths_as_people_type_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shelf").mkdir()
    for name in ("my poster.png", "poster.JPG", "notes.txt", ".hidden.png", "shelf/a.webp"):
        (tmp_path / name).write_bytes(b"x")
    assert split("my poster.png but newer") == ("my poster.png", "but newer")
    assert split('"my poster.png" but newer') == ("my poster.png", "but newer")
    assert split("my\\ poster.png") == ("my poster.png", "")
    assert split("none.png like this") == ("none.png", "like this")
    with pytest.raises(BadInput, match="no end"):
        split("'my poster.png")
    assert list(paths("")) == [("my poster.png", False), ("poster.JPG", False), ("shelf/", True)]
    assert list(paths("shelf/")) == [("shelf/a.webp", False)]
    assert list(paths("'my ")) == [("my poster.png", False)]
    assert list(paths(".h")) == [(".hidden.png", False)] and list(paths("none/x")) == []


def test_chat_image_without_a_model_or_a_file(recagent: RunCommand, home: Path) -> None:
    ran = recagent("chat", stdin="/image none.png\n/image\nwesterns\n")
    said = " ".join(ran.err.split())
    assert "the built-in brain cannot look at pictures" in said and "/image of what?" in said
    assert ran.code == 0 and "The Long Field" in ran.out
