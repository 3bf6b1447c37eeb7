"""A conversation between our program and a peer, in either role.

`WeServe` and `WeConnect` offer the same methods, so that a scenario is
written once. In both, the client of the connection begins and the server
echoes; the relay of wire.py stands between them.

`Lab` holds the programs, which outlive a conversation.
"""

import base64
import time
import zlib
from dataclasses import dataclass

import wire
from programs import (
    STEP_SECONDS, Client, Failed, Peer, Program, await_listening, expect, free_port, show,
    tail,
)

ABNORMAL = 1006


@dataclass(frozen=True)
class Sample:
    """A message; `length` if it is the pattern of `conformance`, which the client can make itself."""

    kind: str
    payload: bytes
    length: int | None = None

    @property
    def for_client(self):
        if self.length is not None:
            return f"{self.kind} {self.length}"
        return f"say {self.payload.decode()}"

    @property
    def for_peer(self):
        if self.kind == "text":
            return {"text": self.payload.decode()}
        return {"base64": base64.b64encode(self.payload).decode()}

    @property
    def name(self):
        return f"{self.kind} of {len(self.payload)} bytes"


def text(string):
    return Sample("text", string.encode())


def pattern(kind, length):
    """As examples/src/bin/conformance/pattern.rs has it; does not compress, text hardly."""
    if pattern.period is None:
        x, period = 1, bytearray()
        for _ in range(65536):
            x = (x * 1_664_525 + 1_013_904_223) & 0xFFFF_FFFF
            period.append(x >> 24)
        pattern.period = bytes(period)
    payload = (pattern.period * (length // 65536 + 1))[:length]
    if kind == "text":
        payload = payload.translate(bytes(32 + byte % 95 for byte in range(256)))
    return Sample(kind, payload, length)


pattern.period = None


class Lab:
    """The programs of one peer, and of ours, with their logs."""

    def __init__(self, conformance, runtime, name, command, environment, folder):
        self.conformance, self.runtime, self.folder = conformance, runtime, folder
        self.name, self.peer_command, self.environment = name, command, environment
        self.running = {}  # by what they are
        self.relay = None  # the latest

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.restart()

    def restart(self):
        """Ends all; who is needed is started anew."""
        for program in self.running.values():
            program.stop()
        self.running.clear()

    def peer(self):
        if "peer" not in self.running:
            peer = Peer(self.name, self.peer_command, self.folder / "peer.log", self.environment)
            self.running["peer"] = peer
            self.version = peer.event("ready")["version"]
        return self.running["peer"]

    def server(self, *options):
        """The port of `conformance serve` with these options."""
        name = " ".join(["serve", *options])
        program = self.running.get(name)
        if program is None:
            port = free_port()
            log = self.folder / f"{name.replace(' ', '_')}.log"
            command = [self.conformance, "serve", "--runtime", self.runtime,
                       "--addr", f"127.0.0.1:{port}", *options]
            program = self.running[name] = Program("our server", command, log)
            program.port = port
            await_listening(program, port)
        return program.port

    def check_logs(self):
        """A task of ours that panics does not end the program, and is still a failure."""
        for log in (*self.folder.glob("serve*.log"), *self.folder.glob("client.log")):
            if "panicked" in log.read_text(errors="replace"):
                raise Failed(f"expected no panic, saw one; {tail(log)}")

    def check_servers(self):
        for name, program in self.running.items():
            if name != "peer" and program.child.poll() is not None:
                raise Failed(f"our server ({name}) ended with {program.child.returncode}")

    def client(self, url, *options):
        command = [self.conformance, "client", "--runtime", self.runtime, "--url", url, *options]
        return Client("our client", command, self.folder / "client.log")


@dataclass
class Talk:
    """One connection. In a `with` block: it is open in there, and when the block is left, has
    ended in TCP, has been decoded, and both libraries took what was agreed for the same."""

    lab: Lab
    deflate: str | None = None  # what the client offers
    accepts: str | None = "any"  # what the server insists on, or its default, or nothing (a peer only)
    loop: str | None = None  # how our server echoes
    protocols: tuple = ()  # what the client offers
    choose: str | None = None  # what a server that is a peer chooses
    our_limit: int | None = None  # our server only
    peer_limit: int | None = None
    refused: bool = False  # the opening handshake is to fail

    def __enter__(self):
        self.peer = self.lab.peer()
        self.relay = self.client = self.wire = self.refusal = None
        self.protocol = self.agreed = None  # as the peer takes it
        try:
            self.open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.finish()
        finally:
            self.close()

    def close(self):
        if self.relay is not None:
            self.relay.close()
        if self.client is not None:
            self.client.stop()

    def relay_to(self, port):
        self.relay = self.lab.relay = wire.Relay(port, STEP_SECONDS)
        return self.relay.url

    def finish(self):
        if not self.relay.ended():
            raise Failed(f"expected both to end TCP, saw it open after {STEP_SECONDS} s")
        expect(f"{self.lab.name}: events left over", [], self.peer.early)
        self.lab.check_servers()
        try:
            self.wire = wire.decode(self.relay.client, self.relay.server)
        except wire.Violation as violation:
            raise Failed(f"on the wire: {violation}") from None
        sides = self.wire.client, self.wire.server
        self.ours, self.theirs = reversed(sides) if self.WE_SERVE else sides
        if not self.refused:
            expect("agreed, by the header and by the peer", self.wire.agreed, self.agreed)

    def cut(self, size=None, ping=None):
        """The peer's messages leave in frames of this size from now on."""
        self.peer.do("cut", size=size, ping=ping)

    def opened_by_peer(self):
        opened = self.peer.event("open")
        self.protocol, self.agreed = opened["protocol"], opened["agreed"]

    def echo(self, *samples):
        """Each is echoed; a peer sends all before it awaits the first echo."""
        raise NotImplementedError

    def peer_ended(self, code, reason=None):
        event = self.peer.event("close")
        seen = (event["code"], event["reason"])
        expect(f"{self.lab.name}'s close event", (code, seen[1] if reason is None else reason), seen)


class WeServe(Talk):
    WE_SERVE = True

    def open(self):
        options = [*(["--deflate"] if self.accepts is not None else []),
                   *(["--loop", self.loop] if self.loop else []),
                   *(["--max-message", str(self.our_limit)] if self.our_limit else [])]
        url = self.relay_to(self.lab.server(*options))
        self.peer.do("connect", url=url, deflate=self.deflate, max=self.peer_limit,
                     protocols=list(self.protocols) or None)
        if self.refused:
            self.refusal = self.peer.event("failed")["error"]
        else:
            self.opened_by_peer()

    def echo(self, *samples):
        for sample in samples:
            self.peer.do("send", **sample.for_peer)
        for sample in samples:
            event = self.peer.event("message")
            event.pop("event")
            expect(f"echo of {sample.name}", sample.for_peer, event)

    def echo_cut(self, sample, size):
        """An echo whose frames are of this size when they come from us."""
        self.command(f"!fragment {size}", "ok")
        self.echo(sample)
        self.command("!fragment 0", "ok")

    def command(self, line, answer):
        self.peer.do("send", text=line)
        expect(f"the answer to {line}", answer, self.peer.event("message").get("text"))

    def ping_peer(self, payload):
        self.command(f"!ping {payload}", f"pong {payload}")

    def ping_us(self, payload):
        self.peer.do("ping", payload=payload)
        expect("the pong", payload, self.peer.event("pong")["payload"])

    def send_too_much(self, sample):
        """For the peer's limit: what we echo is too much."""
        self.peer.do("send", **sample.for_peer)

    def we_fail(self, code):
        """After something that we must not accept."""
        self.peer_ended(code)

    def peer_fails(self, code):
        self.peer.event("close")  # ws says 1006, for it does not read on

    def we_close(self, code=None, reason=""):
        line = " ".join(["!close", *([str(code)] if code else []), *([reason] if reason else [])])
        self.peer.do("send", text=line)
        self.peer_ended(code or 1005, reason)

    def peer_closes(self, code=None, reason=""):
        self.peer.do("close", code=code, reason=reason or None)
        self.peer_ended(code or 1005)

    def we_abort(self):
        self.peer.do("send", text="!abort")
        self.peer_ended(ABNORMAL, "")

    def peer_aborts(self):
        self.peer.do("abort")
        self.peer_ended(ABNORMAL, "")


class WeConnect(Talk):
    WE_SERVE = False

    def open(self):
        accepts = "" if self.accepts == "any" else self.accepts
        self.peer.do("listen", deflate=accepts, max=self.peer_limit, echo=True, choose=self.choose,
                     protocols=["chat", "superchat"] if self.protocols else None)
        url = self.relay_to(self.peer.event("listening")["port"])
        self.client = self.lab.client(
            url,
            *(["--deflate", self.deflate] if self.deflate is not None else []),
            *(["--protocols", ",".join(self.protocols)] if self.protocols else []),
        )
        opened = self.client.next_event("the connection to open")
        if self.refused:
            expect("our client's event", "error", opened["event"])
            self.refusal = opened["message"]
            return
        if opened["event"] != "open":
            raise Failed(f"our client: expected it to open, saw {show(opened)}")
        self.opened_by_peer()
        expect("the subprotocol, by our client", self.protocol or "", opened["protocol"])
        self.extensions = opened["extensions"]

    def finish(self):
        super().finish()
        if not self.refused:
            header = self.wire.server.headers.get("sec-websocket-extensions", "")
            expect("the extensions, by our client", header, self.extensions)

    def echo(self, *samples):
        for sample in samples:
            self.echo_of(sample, sample.for_client)

    def echo_of(self, sample, command):
        event = self.client.command(command)
        event.pop("text", None)
        expect(f"echo of {sample.name}", {
            "event": "message", "type": sample.kind, "bytes": len(sample.payload),
            "adler32": zlib.adler32(sample.payload),
        }, event)

    def echo_cut(self, sample, size):
        self.echo_of(sample, f"fragment {sample.kind} {sample.length} {size}")

    def ping_peer(self, payload):
        event = self.client.command(f"ping {payload}")
        expect("our client's event", {"event": "pong", "payload": payload}, event)

    def ping_us(self, payload):
        self.peer.do("ping", payload=payload)
        self.echo(text("read, and so answer"))
        expect("the pong", payload, self.peer.event("pong")["payload"])

    def send_too_much(self, sample):
        self.sent = self.client.command(sample.for_client)

    def we_fail(self, code):
        deadline = time.monotonic() + STEP_SECONDS
        while (event := self.client.command("ping"))["event"] == "pong":  # it reads while it waits
            if time.monotonic() > deadline:
                raise Failed(f"our client: expected a close event, saw only pongs for {STEP_SECONDS} s")
        # What the peer answers must not be read any more (RFC 6455 §7.1.7), so there is no code.
        self.closed(ABNORMAL, "", False, event)
        self.peer_ended(code)

    def peer_fails(self, code):
        seen = self.sent.get("code"), self.sent["event"]
        expect("our client's close event", (code, "close"), seen)
        self.peer.event("close")

    def closed(self, code, reason, clean, event):
        expected = {"event": "close", "code": code, "reason": reason, "clean": clean}
        expect("our client's close event", expected, event)

    def we_close(self, code=None, reason=""):
        line = " ".join(["close", *([str(code)] if code else []), *([reason] if reason else [])])
        event = self.client.command(line)
        # The reason is the peer's, which may say ours again or nothing.
        self.closed(code or 1005, event.get("reason"), True, event)
        self.peer_ended(code or 1005, reason)

    def peer_closes(self, code=None, reason=""):
        self.peer.do("close", code=code, reason=reason or None)
        self.closed(code or 1005, reason, True, self.client.command("text 1"))
        self.peer_ended(code or 1005)

    def we_abort(self):
        expect("our client's event", {"event": "aborted"}, self.client.command("abort"))
        self.peer_ended(ABNORMAL, "")

    def peer_aborts(self):
        self.peer.do("abort")
        self.closed(ABNORMAL, "", False, self.client.command("text 1"))
        self.peer_ended(ABNORMAL, "")
