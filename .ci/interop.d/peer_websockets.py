"""The peer for .ci/interop, made of Python's `websockets` (its asyncio API).

It does what the lines on standard input say, one JSON object each, one after
the other, and prints one JSON object a line for all that happens:

  {"do": "listen", ...}             -> {"event": "listening", "port": ...}
  {"do": "connect", "url": ...,...} -> {"event": "open", ...} or {"event": "failed", ...}
  {"do": "send", "text": ... or "base64": ... or "zeros": how many binary bytes}
  {"do": "cut", "size": ..., "ping": ...}
                                    from now on sends, and echoes, messages in
                                    frames of so many bytes; with a ping between
                                    the first two, if its payload is given
  {"do": "ping", "payload": text}   -> {"event": "pong", "payload": text}
  {"do": "close", "code": ..., "reason": ...}; without a code, an empty Close
  {"do": "abort"}                   ends TCP, without a Close

Each is followed by {"event": "done"} once it is on its way to the socket. Of
its own accord it prints "ready" at the start, "open" for a client of its
server, "message" and, when TCP has ended, "close". There is one connection at
a time; a new "listen" ends the one before.

Options of "listen" and "connect", all of them optional:

  deflate    permessage-deflate with exactly these parameters, written as in
             the header; "default": what the library does unasked; none: off
  protocols  subprotocols, the best first
  choose     the subprotocol that a server chooses, whatever was offered
  max        the largest message to receive, in bytes
  echo       send each message back instead of printing it
"""

import asyncio
import base64
import contextlib
import importlib.metadata
import json
import logging
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    PerMessageDeflate,
    ServerPerMessageDeflateFactory,
)
from websockets.protocol import State

LONGEST_LINE = 16 << 20


def tell(event, **details):
    print(json.dumps({"event": event, **details}), flush=True)


def parameters(text):
    """The factories' arguments; they are named like the parameters."""
    found = {}
    for parameter in filter(None, (part.strip() for part in text.split(";"))):
        name, _, value = parameter.partition("=")
        found[name] = int(value) if value else True
    return found


def settings(options, is_server):
    """What `connect` and `serve` have in common."""
    deflate = options.get("deflate")
    common = {
        "compression": "deflate" if deflate == "default" else None,
        "subprotocols": options.get("protocols"),
        "max_size": options.get("max"),
    }
    if deflate not in (None, "default"):
        if is_server:
            factory = ServerPerMessageDeflateFactory(**parameters(deflate))
        else:  # unlike the library's, our default is not to offer this
            exact = {"client_max_window_bits": None, **parameters(deflate)}
            factory = ClientPerMessageDeflateFactory(**exact)
        common["extensions"] = [factory]
    return common


def agreed(connection, is_server):
    """What the library takes to be agreed on compression."""
    for extension in connection.protocol.extensions:
        if isinstance(extension, PerMessageDeflate):
            local = (extension.local_no_context_takeover, extension.local_max_window_bits)
            remote = (extension.remote_no_context_takeover, extension.remote_max_window_bits)
            server, client = (local, remote) if is_server else (remote, local)
            return {
                "server_no_context_takeover": server[0],
                "client_no_context_takeover": client[0],
                "server_max_window_bits": server[1],
                "client_max_window_bits": client[1],
            }
    return None


class Peer:
    def __init__(self):
        self.server = None
        self.connection = None
        self.piece = self.ping_between = None
        self.tasks = set()

    async def obey(self, command):
        with contextlib.suppress(ConnectionClosed):  # "close" will tell
            await getattr(self, command.pop("do"))(**command)
        tell("done")

    def in_the_background(self, work):
        task = asyncio.create_task(work)
        self.tasks.add(task)  # the loop alone would not keep it
        task.add_done_callback(self.tasks.discard)

    async def listen(self, **options):
        if self.server is not None:
            self.server.close()
            await self.server.wait_closed()
        choice = {}
        if "choose" in options:
            choice["select_subprotocol"] = lambda connection, offered: options["choose"]

        async def accepted(connection):
            self.opened(connection, is_server=True)
            await self.converse(connection, options)

        self.server = await serve(
            accepted, "127.0.0.1", 0, **choice, **settings(options, is_server=True)
        )
        tell("listening", port=self.server.sockets[0].getsockname()[1])

    async def connect(self, url, **options):
        try:
            connection = await connect(url, proxy=None, **settings(options, is_server=False))
        except Exception as error:
            return tell("failed", error=f"{type(error).__name__}: {error}")
        self.opened(connection, is_server=False)
        self.in_the_background(self.converse(connection, options))

    def opened(self, connection, is_server):
        self.connection = connection
        self.piece = self.ping_between = None
        tell("open", protocol=connection.subprotocol, agreed=agreed(connection, is_server))

    async def converse(self, connection, options):
        try:
            while True:
                message = await connection.recv()
                if options.get("echo"):
                    await self.deliver(connection, message)
                elif isinstance(message, str):
                    tell("message", text=message)
                else:
                    tell("message", base64=base64.b64encode(message).decode())
        except ConnectionClosed:
            pass
        await connection.wait_closed()
        tell("close", code=connection.close_code, reason=connection.close_reason)

    async def send(self, text=None, zeros=None, **binary):
        if text is not None:
            message = text
        elif zeros is not None:
            message = bytes(zeros)
        else:
            message = base64.b64decode(binary["base64"])
        await self.deliver(self.connection, message)

    async def cut(self, size=None, ping=None):
        self.piece, self.ping_between = size, ping

    async def deliver(self, connection, message):
        if self.piece is None:
            return await connection.send(message)
        is_text = isinstance(message, str)
        payload = message.encode() if is_text else message

        async def pieces():
            """They may end inside of a character; the library adds an empty last frame."""
            for at in range(0, max(len(payload), 1), self.piece):
                yield payload[at : at + self.piece]
                if at == 0 and self.ping_between is not None:
                    await self.ping(self.ping_between)

        await connection.send(pieces(), text=is_text)

    async def ping(self, payload):
        pong = await self.connection.ping(payload)
        pong.add_done_callback(
            lambda pong: pong.cancelled() or pong.exception() or tell("pong", payload=payload)
        )

    async def close(self, code=None, reason=""):
        # It returns when TCP has ended; for us the Close frame on its way is enough.
        self.in_the_background(self.connection.close(code, reason))
        while self.connection.state is State.OPEN:
            await asyncio.sleep(0)

    async def abort(self):
        self.connection.transport.abort()


async def main():
    peer = Peer()
    lines = asyncio.StreamReader(limit=LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    tell("ready", version=importlib.metadata.version("websockets"))
    while line := await lines.readline():
        await peer.obey(json.loads(line))


logging.basicConfig(level=logging.INFO)
asyncio.run(main())
