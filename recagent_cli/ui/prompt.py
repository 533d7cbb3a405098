"""Lines that a person types: history with search, completion, more than one line, a status line.

`Prompt` is prompt_toolkit's; `PlainPrompt` reads lines as the terminal gives them, for screen
readers and terminals that can do nothing else. A message may have several lines: Alt-Enter, a
backslash at the end, or what was pasted.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from recagent_catalogs.errors import RecagentError

from ..brains import holds_key
from ..paths import make_dir
from .completion import completer, is_naming, ready
from .status import status_line

if TYPE_CHECKING:
    from .chat import Chat

PROMPT = "> "
GOES_ON = "  "
STYLE = {
    "bottom-toolbar": "noreverse",
    "bottom-toolbar.text": "noreverse",
    "completion-menu": "noinherit bg:default fg:default",
    "completion-menu.completion": "bg:default fg:default",
    "completion-menu.completion.current": "bg:default fg:default reverse",
    "completion-menu.meta.completion": "bg:default fg:default italic",
    "completion-menu.meta.completion.current": "bg:default fg:default reverse",
    "aborting": "noinherit",
    "exiting": "noinherit",
    "control-character": "noinherit reverse",
    "scrollbar.background": "bg:default",
    "scrollbar.button": "bg:default reverse",
}
"""Only what shows on light and on dark: the terminal's own colours, turned round."""


class Reads(Protocol):
    """Reads one message.

    Raises:
        KeyboardInterrupt: Ctrl-C; `half_typed` says whether it threw something away.
        EOFError: the person leaves.
    """

    half_typed: bool

    def read(self) -> str:
        """One message, perhaps of several lines."""
        ...

    def leave(self, leaving: SystemExit) -> bool:
        """End a `read` that waits with this exit; False where none does."""
        ...


class Prompt:
    """A prompt on a terminal.

    Args:
        chat: the conversation.
        input, output: prompt_toolkit's; by default the terminal.
    """

    def __init__(self, chat: Chat, *, input: Any = None, output: Any = None) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.application import get_app
        from prompt_toolkit.filters import Condition
        from prompt_toolkit.output import ColorDepth
        from prompt_toolkit.styles import Style

        self._chat = chat
        self.half_typed = False
        self.session: PromptSession[str] = PromptSession(
            PROMPT,
            history=_history(chat),
            completer=completer(chat),
            complete_in_thread=True,
            complete_while_typing=False,
            enable_history_search=True,
            multiline=True,
            prompt_continuation=_continuation,
            key_bindings=_keys(),
            bottom_toolbar=lambda: status_line(chat, get_app().output.get_size().columns),
            style=Style.from_dict(STYLE),
            color_depth=None if chat.colored else ColorDepth.DEPTH_1_BIT,
            reserve_space_for_menu=6,
            enable_suspend=True,
            input=input,
            output=output,
        )
        catalog = chat.assistant.catalog
        threading.Thread(target=ready, args=(catalog,), name="sort-names", daemon=True).start()
        buffer = self.session.default_buffer
        # Set here, as the session itself allows no menu beside the search of the history.
        buffer.complete_while_typing = Condition(lambda: _is_offered(buffer.document))

    def read(self) -> str:
        """One message."""
        self.half_typed = False
        self._chat.look_up()
        try:
            return self.session.prompt()
        except KeyboardInterrupt:
            self.half_typed = bool(self.session.default_buffer.text)
            raise

    def leave(self, leaving: SystemExit) -> bool:
        """End a `read` that waits."""
        app = self.session.app
        if not app.is_running or app.loop is None:
            return False

        def end() -> None:
            if app.is_running and app.future is not None and not app.future.done():
                app.exit(exception=leaving)  # of two signals at once the first counts

        app.loop.call_soon_threadsafe(end)
        return True


class PlainPrompt:
    """Lines as the terminal gives them: nothing moves, nothing is drawn twice."""

    half_typed = False

    def read(self) -> str:
        """One message; a backslash at its end adds a line."""
        lines = [self._line(PROMPT)]
        while _is_continued(lines[-1]):
            lines[-1] = lines[-1].rstrip()[:-1]
            lines.append(self._line(GOES_ON))
        return "\n".join(lines)

    def _line(self, before: str) -> str:
        sys.stdout.write(before)
        sys.stdout.flush()
        try:
            line = sys.stdin.readline()
        except KeyboardInterrupt:
            sys.stdout.write("\n")
            raise
        if not line:
            raise EOFError
        return line.rstrip("\n")

    def leave(self, leaving: SystemExit) -> bool:
        """It may be raised at once: there is nothing to put in order."""
        return False


def messages(chat: Chat, prompt: Reads) -> Iterator[str]:
    """What is typed until the person leaves: by Ctrl-D, or by Ctrl-C twice at an empty prompt."""
    leaving = False
    while True:
        try:
            line = prompt.read()
        except KeyboardInterrupt:
            if leaving and not prompt.half_typed:
                return
            leaving = not prompt.half_typed  # what was half typed is thrown away, no more
            if leaving:
                chat.note("Ctrl-C again, Ctrl-D or /quit leaves")
            continue
        except EOFError:
            return
        leaving = False
        yield line


def _history(chat: Chat) -> Any:
    """The lines typed before; while nothing is kept, new ones are only remembered.

    A file that cannot be read or written costs the lines of other days, and no more.
    """
    from prompt_toolkit.history import FileHistory

    assistant = chat.assistant
    path = assistant.paths.history_of(assistant.profile_name)

    class Kept(FileHistory):
        told = False

        def load_history_strings(self) -> Iterable[str]:
            try:
                return list(super().load_history_strings())
            except OSError as error:
                self._tell(error)
                return []

        def store_string(self, string: str) -> None:
            if not assistant.keeps or holds_key(string):
                return
            try:
                make_dir(path.parent, private=True)
                path.touch(mode=0o600)
                super().store_string(string)
            except (OSError, RecagentError) as error:
                self._tell(error)

        def _tell(self, error: Exception) -> None:
            if not self.told:
                self.told = True
                what = getattr(error, "strerror", None) or error
                chat.later(f"what you type is not kept for other days: {path}: {what}")

    return Kept(str(path))


def _continuation(width: int, line: int, wrapped: int) -> str:
    return "" if wrapped else GOES_ON


def _is_whole_command(text: str) -> bool:
    """Whether it is a command with all that it takes."""
    return text.startswith("/") and not text.endswith(" ")


def _is_continued(text: str) -> bool:
    """Whether a backslash at the end asks for another line."""
    return text.rstrip().endswith("\\")


def _is_offered(document: Any) -> bool:
    """Whether completions are offered unasked."""
    text = document.text
    if text.startswith("/"):
        return "\n" not in text
    return is_naming(document.current_line_before_cursor)


def _complete(buffer: Any) -> None:
    """Put in what is sure, and offer the rest.

    At once, and not in the thread that completes while one types: what that one is at would win.
    """
    from prompt_toolkit.buffer import CompletionState
    from prompt_toolkit.completion import CompleteEvent, get_common_complete_suffix

    document = buffer.document
    asked = CompleteEvent(completion_requested=True)
    found = list(buffer.completer.get_completions(document, asked))
    if len(found) == 1:
        buffer.complete_state = None
        buffer.apply_completion(found[0])
        return
    if common := get_common_complete_suffix(document, found):
        buffer.insert_text(common)
        found = list(buffer.completer.get_completions(buffer.document, asked))
    if found:
        buffer.complete_state = CompletionState(buffer.document, found)


def _keys() -> Any:
    from prompt_toolkit.enums import DEFAULT_BUFFER
    from prompt_toolkit.filters import has_focus
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)  # and not a search, whose keys are its own

    @keys.add("enter", filter=typing)
    def send(event: Any) -> None:
        buffer = event.current_buffer
        chosen = buffer.complete_state and buffer.complete_state.current_completion
        if chosen:
            buffer.complete_state = None  # what was chosen stands
        if chosen and not _is_whole_command(buffer.text):
            return  # more may follow; the next Enter sends it
        if (
            _is_continued(buffer.document.text_before_cursor)
            and not buffer.document.text_after_cursor
        ):
            kept = buffer.text.rstrip()
            buffer.delete_before_cursor(len(buffer.text) - len(kept) + 1)
            buffer.newline(copy_margin=False)
        else:
            buffer.validate_and_handle()

    @keys.add("tab", filter=typing)
    def complete(event: Any) -> None:
        buffer = event.current_buffer
        if buffer.complete_state and len(buffer.complete_state.completions) > 1:
            buffer.complete_next()
        else:
            _complete(buffer)

    @keys.add("escape", "enter", filter=typing)
    def add_line(event: Any) -> None:
        event.current_buffer.newline(copy_margin=False)

    return keys
