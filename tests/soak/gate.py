"""A TCP gate in front of a database: connections can be cut or stopped, and a failover moves it to another server."""

import asyncio
import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from banksite.machine.ports import LOOPBACK, free_ports

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with 0 s: the peer sees a reset, as from a machine that lost power
_START_S = 10.0


class Gate:
    """Listens on `port` and passes bytes to the server at `target`; runs in a thread of its own."""

    def __init__(self, *, target: int) -> None:
        self.port, self.target = free_ports(count=1)[0], target
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._run, name="gate", daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(_START_S), "the gate listens"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START_S)

    def cut(self) -> None:
        """Reset every connection; new ones are accepted."""
        self._loop.call_soon_threadsafe(self._reset_all)

    def stop(self) -> None:
        """Pass no byte on, in either direction, and close nothing: what a network that loses every packet does."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def resume(self) -> None:
        """Pass bytes on again, those that waited first."""
        self._loop.call_soon_threadsafe(self._open.set)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._open.set()
        server = self._loop.run_until_complete(asyncio.start_server(self._connect, LOOPBACK, self.port))
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            there, to_there = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            self._reset(writer)
            return
        self._writers.add(to_there)
        with suppress(asyncio.CancelledError):  # at the end: the server's own callback would log it
            await asyncio.gather(self._pass(reader, to_there), self._pass(there, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def _reset_all(self) -> None:
        for writer in list(self._writers):
            self._reset(writer)

    def _reset(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        connection: socket.socket | None = writer.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        writer.transport.abort()
