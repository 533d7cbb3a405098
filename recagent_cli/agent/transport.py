"""HTTP clients that belong to one request, in place of those that litellm shares.

litellm keeps its clients in global caches and leaves unread streams in reference cycles. Where the
garbage collector closes such a stream while the same connection pool takes the next request,
httpcore waits for its own lock, for ever: seen at the second request after an error in an Anthropic
stream. Every request runs in a thread of its own, so clients kept by thread share nothing, and can
be closed when the request is over.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

from .hosts import Guard
from .wire_counts import with_whole_counts


class ThreadClients:
    """Takes the place of litellm's client cache: what one thread puts in, only it gets out."""

    def __init__(self) -> None:
        self._local = threading.local()

    @property
    def cache_dict(self) -> dict[str, Any]:
        """The clients of this thread, by litellm's key."""
        found: dict[str, Any] = self._local.__dict__.setdefault("clients", {})
        return found

    def keep_to(self, guard: Guard) -> None:
        """From here on the clients of this thread are watched."""
        self._local.guard = guard

    def get_cache(self, key: str, **rest: Any) -> Any:
        """A client of this thread, or None."""
        return self.cache_dict.get(key)

    def set_cache(self, key: str, value: Any, **rest: Any) -> None:
        """Keep a client for this thread."""
        with_whole_counts(value)
        guard, inner = getattr(self._local, "guard", None), _inner(value)
        if guard is not None and hasattr(inner, "event_hooks"):
            guard.watch(inner)
        self.cache_dict[key] = value

    def delete_cache(self, key: str) -> None:
        """Forget a client."""
        self.cache_dict.pop(key, None)

    def flush_cache(self) -> None:
        """Close and forget the clients of this thread."""
        clients = list(self.cache_dict.values())
        self.cache_dict.clear()
        for client in clients:
            close = getattr(client, "close", None)
            if callable(close):
                with contextlib.suppress(RuntimeError, OSError):
                    close()


class ThreadClient:
    """Takes the place of litellm's one global client: a client of each thread behind one name."""

    def __init__(self, clients: ThreadClients, make: Any) -> None:
        self._clients = clients
        self._make = make

    def __getattr__(self, name: str) -> Any:
        client = self._clients.get_cache("module_level_client")
        if client is None:
            client = self._make()
            self._clients.set_cache("module_level_client", client)
        return getattr(client, name)


def isolate(litellm: Any) -> ThreadClients:
    """Give litellm clients by thread; `flush_cache` ends a request. Does it once."""
    clients = litellm.in_memory_llm_clients_cache
    if not isinstance(clients, ThreadClients):
        clients = litellm.in_memory_llm_clients_cache = ThreadClients()
        timeout = litellm.request_timeout
        litellm.module_level_client = ThreadClient(
            clients, lambda: litellm.HTTPHandler(timeout=timeout)
        )
    return clients


def hanging_up(clients: dict[str, Any]) -> Callable[[], None]:
    """What ends the connections of these clients while another thread waits for them.

    To close a socket does not wake who reads from it; to shut it down does, and tells the server.
    """

    def hang_up() -> None:
        for client in list(clients.values()):
            for line in _lines(client):
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    return hang_up


def _inner(client: Any) -> Any:
    """The httpx client in what litellm or OpenAI wrap around one."""
    return getattr(client, "client", None) or getattr(client, "_client", None) or client


def _lines(client: Any) -> Iterator[socket.socket]:
    """The open sockets of an httpx client, or of what is wrapped around one."""
    inner = _inner(client)
    mounts = getattr(inner, "_mounts", None) or {}
    for transport in (getattr(inner, "_transport", None), *mounts.values()):
        pool = getattr(transport, "_pool", None)
        for connection in list(getattr(pool, "connections", ())):
            spoken = getattr(connection, "_connection", None)
            stream = getattr(spoken, "_network_stream", None)
            line = None if stream is None else stream.get_extra_info("socket")
            if line is not None:
                yield line


def close_stream(stream: Any) -> None:
    """Close what a stream of litellm wraps: it does not do so itself."""
    inner = getattr(stream, "completion_stream", None)
    parts = [getattr(inner, name, None) for name in ("response_iterator", "streaming_response")]
    for part in (inner, *parts):
        close = getattr(part, "close", None)
        if callable(close):
            # A generator that runs, or a socket that is gone already.
            with contextlib.suppress(RuntimeError, ValueError, OSError):
                close()
