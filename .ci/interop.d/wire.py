"""What goes over the wire: a relay that records it, a decoder that is strict.

The decoder is a third opinion. It holds both sides to RFC 6455 and RFC 7692
by the bytes alone: masking, lengths, fragments, UTF-8, RSV1, and that no
compressed message refers to more than the agreed window and context allow.
"""

import contextlib
import socket
import threading
import zlib
from dataclasses import dataclass, field

BITS = ("server_max_window_bits", "client_max_window_bits")
FLAGS = ("server_no_context_takeover", "client_no_context_takeover")

MARKER = b"\x00\x00\xff\xff"  # what senders leave off (RFC 7692 §7.2.1)


class Violation(Exception):
    """The bytes are not what the RFCs allow."""


# The relay


class Relay:
    """Stands in front of a port of this machine, for one connection."""

    def __init__(self, port, seconds):
        self.port, self.seconds = port, seconds
        self.client, self.server = bytearray(), bytearray()  # what each has sent
        self.sockets, self.threads = [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(seconds)
        self.url = f"ws://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.begin(self.accept)

    def begin(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept(self):
        with contextlib.suppress(OSError):  # nobody came, or nobody is there
            client, _ = self.listener.accept()
            self.sockets.append(client)
            server = socket.create_connection(("127.0.0.1", self.port), self.seconds)
            self.sockets.append(server)
            for each in (client, server):
                each.settimeout(None)
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.begin(self.pump, client, server, self.client)
            self.begin(self.pump, server, client, self.server)

    @staticmethod
    def pump(source, sink, record):
        """One direction; what comes when nobody takes it any more is still recorded."""
        with contextlib.suppress(OSError):  # an end without a goodbye is an end, too
            while data := source.recv(1 << 16):
                record += data
                with contextlib.suppress(OSError):
                    sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def ended(self):
        """Waits for both sides to end TCP; whether they did."""
        for thread in self.threads:  # it grows while the first one runs
            thread.join(self.seconds)
        return not any(thread.is_alive() for thread in self.threads)

    def close(self):
        for each in (self.listener, *self.sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


# Negotiation


def parse_parameters(text):
    """Parameters as in the header -> their names and values; no value is True."""
    found = {}
    for parameter in filter(None, (part.strip() for part in text.split(";"))):
        name, _, value = parameter.partition("=")
        known = name in BITS or name in FLAGS
        if not known or name in found or (name in FLAGS and value):
            raise Violation(f"not a parameter, or repeated: {parameter!r}")
        if value and value not in [str(bits) for bits in range(8, 16)]:
            raise Violation(f"not a number of window bits: {parameter!r}")
        found[name] = int(value) if value else True
    return found


def parse_extensions(header):
    """The parameters of the only extension there may be; None without one."""
    if header is None:
        return None
    name, _, rest = header.partition(";")
    if name.strip() != "permessage-deflate" or "," in rest:
        raise Violation(f"not one permessage-deflate: {header!r}")
    return parse_parameters(rest)


def check_answer(offer, answer):
    """Holds a server's answer to RFC 7692 §7.1."""
    if offer is None:
        raise Violation(f"an extension that was not offered: {answer}")
    if True in (answer.get(name) for name in BITS):
        raise Violation(f"window bits without a value: {answer}")
    if "server_no_context_takeover" in offer and "server_no_context_takeover" not in answer:
        raise Violation(f"server_no_context_takeover was offered, not answered: {answer}")
    asked = offer.get("server_max_window_bits")
    if asked and answer.get("server_max_window_bits", 15) > asked:
        raise Violation(f"server_max_window_bits={asked} was offered: {answer}")
    if asked and "server_max_window_bits" not in answer:
        raise Violation(f"server_max_window_bits was offered, not answered: {answer}")
    if "client_max_window_bits" in answer:
        asked = offer.get("client_max_window_bits")
        if asked is None:
            raise Violation(f"client_max_window_bits was not offered: {answer}")
        if asked is not True and answer["client_max_window_bits"] > asked:
            raise Violation(f"client_max_window_bits={asked} was offered: {answer}")


def agreement(offer, answer):
    """What is agreed. What a client says of itself binds it unanswered, too
    (RFC 7692 §7.1.1.2 and §7.1.2.2)."""
    agreed = {name: bool(answer.get(name)) for name in FLAGS}
    agreed |= {name: answer.get(name, 15) for name in BITS}
    agreed["client_no_context_takeover"] |= bool(offer.get("client_no_context_takeover"))
    asked = offer.get("client_max_window_bits", True)
    if asked is not True:
        agreed["client_max_window_bits"] = min(asked, agreed["client_max_window_bits"])
    return agreed


# Frames and messages


@dataclass
class Message:
    kind: str  # "text" or "binary"
    compressed: bool = False
    payload: bytes = b""
    frames: list = field(default_factory=list)  # the length of each frame's payload

    @property
    def size(self):
        """How many bytes of payload went over the wire."""
        return sum(self.frames)


@dataclass
class Side:
    """What one side has sent."""

    name: str
    start: str = ""  # the first line
    headers: dict = field(default_factory=dict)
    messages: list = field(default_factory=list)
    pings: list = field(default_factory=list)
    pongs: list = field(default_factory=list)
    close: tuple | None = None  # code and reason; an empty Close is 1005
    between: int = 0  # control frames between the frames of a message


@dataclass
class Wire:
    client: Side
    server: Side
    offer: dict | None = None
    answer: dict | None = None
    agreed: dict | None = None


class Inflater:
    """Inflates in steps that are small against the window, so that zlib, which
    lets a reference reach back over all of a step, sees one that is too far."""

    def __init__(self, bits, takeover):
        self.bits = max(bits, 9)  # zlib makes windows of 9 bits where it is told 8
        self.step = 64 if self.bits < 15 else 1 << 16
        self.takeover = takeover
        self.context = None

    def message(self, compressed):
        if self.context is None or not self.takeover:
            self.context = zlib.decompressobj(wbits=-self.bits)
        inflated = bytearray()
        compressed += MARKER
        for at in range(0, len(compressed), 1024):  # zlib copies what it leaves over
            rest = compressed[at : at + 1024]
            while True:
                piece = self.context.decompress(rest, self.step)
                rest = self.context.unconsumed_tail
                inflated += piece
                if not rest and len(piece) < self.step:
                    break
        if self.context.eof:
            raise Violation("a final block: legal, but made by nobody here")
        return bytes(inflated)


def decode(client, server):
    """All that both sides have sent."""
    wire = Wire(Side("the client"), Side("the server"))
    client, server = split_head(wire.client, client), split_head(wire.server, server)
    wire.offer = parse_extensions(wire.client.headers.get("sec-websocket-extensions"))
    if not wire.server.start.startswith("HTTP/1.1 101 "):
        return wire
    wire.answer = parse_extensions(wire.server.headers.get("sec-websocket-extensions"))
    if wire.answer is not None:
        check_answer(wire.offer, wire.answer)
        wire.agreed = agreement(wire.offer, wire.answer)
    for side, role, data in ((wire.client, "client", client), (wire.server, "server", server)):
        inflater = None
        if wire.agreed is not None:
            inflater = Inflater(wire.agreed[f"{role}_max_window_bits"],
                                not wire.agreed[f"{role}_no_context_takeover"])
        frames(side, data, role == "client", inflater)
    return wire


def split_head(side, data):
    head, end, rest = bytes(data).partition(b"\r\n\r\n")
    side.start, *lines = head.decode("latin-1").split("\r\n")
    for name, colon, value in (line.partition(":") for line in lines):
        side.headers[name.lower()] = value.strip()
    return memoryview(rest)


def frames(side, data, is_masked, inflater):
    """Decodes the frames of one side."""
    whole, at, message, parts = len(data), 0, None, []

    def demand(truth, what):
        if not truth:
            begin = data[start : start + 16].hex(" ")
            raise Violation(f"{side.name}, frame at byte {start} ({begin} ...): {what}")

    while at < whole:
        start = at
        length = data[at + 1] & 0x7F if whole - at >= 2 else 0
        extra = {126: 2, 127: 8}.get(length, 0)
        masking = 4 if is_masked else 0
        header = 2 + extra + masking
        if whole - at < header:
            return  # cut off
        fin, rsv, opcode = data[at] >> 7, data[at] >> 4 & 7, data[at] & 15
        demand(bool(data[at + 1] & 0x80) == is_masked, "masked and must not be, or not and must be")
        if extra:
            length = int.from_bytes(data[at + 2 : at + 2 + extra], "big")
            demand(length >= (126 if extra == 2 else 1 << 16), "the length is not in its shortest form")
        if whole - at < header + length:
            return  # cut off
        payload = bytes(data[at + header : at + header + length])
        if is_masked:
            payload = unmask(payload, bytes(data[at + header - 4 : at + header]))
        at += header + length
        demand(side.close is None, "behind the Close frame")

        if opcode >= 8:
            demand(fin and not rsv and length <= 125, "not a control frame")
            demand(opcode in (8, 9, 10), "unknown opcode")
            side.between += message is not None
            if opcode == 8:
                demand(length != 1, "half a close code")
                code = int.from_bytes(payload[:2], "big") if payload else 1005
                side.close = (code, utf8(payload[2:], demand))
            else:
                (side.pings if opcode == 9 else side.pongs).append(payload)
            continue

        if message is None:
            demand(opcode in (1, 2), "not the beginning of a message")
            demand(rsv == 0 or (rsv == 4 and inflater), f"RSV bits {rsv:03b}")
            message, parts = Message("text" if opcode == 1 else "binary", rsv == 4), []
        else:
            demand(opcode == 0, "a message begins within a message")
            demand(rsv == 0, f"RSV bits {rsv:03b} on a continuation")
        message.frames.append(length)
        parts.append(payload)
        if fin:
            message.payload = b"".join(parts)
            if message.compressed:
                try:
                    message.payload = inflater.message(message.payload)
                except zlib.error as error:
                    demand(False, f"does not inflate with {inflater.bits} window bits, "
                                  f"takeover {inflater.takeover}: {error}")
            if message.kind == "text":
                utf8(message.payload, demand)
            side.messages.append(message)
            message = None


def utf8(payload, demand):
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        demand(False, f"not UTF-8: {error}")


def unmask(payload, key):
    length = len(payload)
    pad = (key * (length // 4 + 1))[:length]
    both = int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")
    return both.to_bytes(length, "big")
