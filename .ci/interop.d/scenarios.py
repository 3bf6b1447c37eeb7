"""What is exchanged, each written once for both roles and all peers.

`all_of` yields names and functions; a function takes a `Lab` and raises
`Failed` if something is not as expected.
"""

import functools
import itertools
import json
import random

from programs import Failed, expect
from talks import WeConnect, WeServe, pattern, text

SIZES = [0, 1, 125, 126, 1000, 1024, 65535, 65536, 1 << 20]
USUAL = "client_max_window_bits"  # what browsers offer
REASON = "é" * 61 + "!"  # 123 bytes, the longest


# Messages


def document(seed, length):
    """JSON of this length, as applications send it: much of it repeats, some does not."""
    chance = random.Random(seed)
    records = [
        {"id": chance.randrange(10**9), "kind": chance.choice(["quote", "trade", "depth"]),
         "symbol": chance.choice(["ABCD", "EFGH", "IJKL"]), "price": chance.randrange(10**6) / 100,
         "size": chance.randrange(1000), "flags": {"open": chance.random() < 0.5, "halted": False}}
        for _ in range(length // 100 + 1)
    ]
    return text(json.dumps(records)[:length])


UNICODE = text("κόσμε ¡Olé! Привет 你好 नमस्ते שלום \u200b😀👩‍👩‍👧‍👦𐍈 \U0010ffff " * 20)


@functools.cache
def row():
    """Similar messages: from the second on, context takeover shows."""
    return [document(seed, 1500) for seed in range(24)]


@functools.cache
def samples(size):
    return [document(size, size), pattern("binary", size), pattern("text", size)]


# Plain conversations


def echoes(talk):
    with talk:
        for size in SIZES:
            talk.echo(*samples(size))
        talk.echo(UNICODE)
        talk.echo(*row())
        talk.peer_closes(1000)
    check_compression(talk)


def cut_by_peer(talk):
    """Fragments from the peer, with a ping between them."""
    with talk:
        for size, sample in [(100, document(1, 1000)), (7, UNICODE), (1, text("")),
                             (1000, document(2, 70000)), (65536, document(3, 200_000))]:
            talk.cut(size)
            talk.echo(sample)
        talk.cut(300, ping="between")
        talk.echo(document(4, 1000))
        talk.cut()
        talk.echo(text("whole again"))
        expect("the pong", "between", talk.peer.event("pong")["payload"])
        talk.we_close(1000)
    long = next(each for each in talk.theirs.messages if len(each.payload) == 70000)
    if len(long.frames) < 70:
        raise Failed(f"expected 70 frames or more of the peer, saw {len(long.frames)}")
    expect("control frames between the peer's fragments", 1, talk.theirs.between)
    expect("pongs of ours", [b"between"], talk.ours.pongs)


def cut_by_us(talk):
    with talk:
        cases = [("text", 1000, 100), ("binary", 1000, 999), ("binary", 70000, 1000),
                 ("text", 0, 10), ("text", 10, 1), ("binary", 200_000, 65536)]
        for kind, length, size in cases:
            talk.echo_cut(pattern(kind, length), size)
        talk.echo(text("whole again"))
        talk.peer_closes(1000)
    # We may compress each frame, not join or split them.
    seen = [(each.kind, len(each.payload), len(each.frames)) for each in talk.ours.messages]
    for kind, length, size in cases:
        wanted = (kind, length, max(1, -(-length // size)))
        if wanted not in seen:
            raise Failed(f"expected a message of ours as (kind, bytes, frames) {wanted}, saw {seen}")


def pings(talk):
    payloads = ["", "hello", "p" * 125]
    with talk:
        for payload in payloads:
            talk.ping_us(payload)
            talk.ping_peer(payload)
        talk.peer_closes(1000)
    for side in (talk.ours, talk.theirs):
        expect(f"pings of {side.name}", [each.encode() for each in payloads], side.pings)
        expect(f"pongs of {side.name}", [each.encode() for each in payloads], side.pongs)


# Ends


def close(talk, by_us, code, reason):
    with talk:
        talk.echo(text("hello"))
        (talk.we_close if by_us else talk.peer_closes)(code, reason)
    first, second = (talk.ours, talk.theirs) if by_us else (talk.theirs, talk.ours)
    expect(f"the Close frame of {first.name}", (code or 1005, reason), first.close)
    expect(f"the answer of {second.name}", code or 1005, (second.close or (None,))[0])


def abort(talk, by_us):
    with talk:
        talk.echo(text("hello"))
        (talk.we_abort if by_us else talk.peer_aborts)()
    side = talk.ours if by_us else talk.theirs
    expect(f"the Close frame of {side.name}", None, side.close)


# Subprotocols


def protocol(talk, expected):
    with talk:
        expect("the subprotocol, by the peer", expected, talk.protocol)
        talk.echo(text("hello"))
        talk.we_close(1000)
    header = talk.wire.server.headers.get("sec-websocket-protocol")
    expect("the subprotocol, by the header", expected, header)


def refused(talk, mentions, by_us=False):
    with talk:
        if mentions not in talk.refusal.lower():
            raise Failed(f"expected a refusal that mentions {mentions!r}, saw {talk.refusal!r}")
        if by_us:  # the peer took it for open
            talk.peer.event("open")
            talk.peer_ended(1006)


# Limits


def up_to_our_limit(talk):
    with talk:
        talk.echo(pattern("binary", talk.our_limit), document(5, talk.our_limit))
        talk.we_close(1000)


def over_our_limit(talk, zeros, size):
    with talk:
        talk.cut(size)
        talk.peer.begin("send", zeros=zeros)  # done when we read
        talk.we_fail(1009)
        talk.peer.done()
    expect("our Close frame's code", 1009, (talk.ours.close or (None,))[0])


def over_peer_limit(talk, sample):
    with talk:
        talk.send_too_much(sample)
        talk.peer_fails(1009)
    expect("the peer's Close frame's code", 1009, (talk.theirs.close or (None,))[0])
    expect("our answer's code", 1009, (talk.ours.close or (None,))[0])


# permessage-deflate


def offers():
    """Parameters of permessage-deflate as a client may offer them."""
    flags = ["", "server_no_context_takeover", "client_no_context_takeover",
             "server_no_context_takeover; client_no_context_takeover"]
    server = ["", *(f"server_max_window_bits={bits}" for bits in (9, 12, 15))]
    client = ["", USUAL, *(f"{USUAL}={bits}" for bits in (9, 12, 15))]
    for parts in itertools.product(flags, server, client):
        yield "; ".join(filter(None, parts))
    for bits in (10, 11, 13, 14):
        yield f"server_max_window_bits={bits}"
        yield f"{USUAL}={bits}"


INSISTENCE = [
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_no_context_takeover; client_no_context_takeover",
    "server_max_window_bits=9",
    "server_max_window_bits=12",
    "client_max_window_bits=9",
    "client_max_window_bits=12",
    "server_no_context_takeover; client_no_context_takeover; "
    "server_max_window_bits=10; client_max_window_bits=10",
]

OFFERS_TO_THE_INSISTENT = [
    "",
    USUAL,
    "client_max_window_bits=10",
    "server_max_window_bits=10; client_max_window_bits",
    "server_no_context_takeover; client_no_context_takeover; "
    "server_max_window_bits=12; client_max_window_bits=12",
]


def ws_refuses(insists, offer):
    """`ws` takes no less than it was told, and then answers 400 instead of doing without."""
    def bits(params, name):
        found = [part for part in params.split("; ") if part.split("=")[0] == name]
        return int(found[0].partition("=")[2] or 15) if found else None

    for name, unasked in (("server_max_window_bits", 15), ("client_max_window_bits", 0)):
        told, offered = bits(insists, name), bits(offer, name)
        if told is not None and told > (unasked if offered is None else offered):
            return True
    return bits(insists, "client_max_window_bits") is not None and USUAL not in offer


def compression(talk, is_agreed=True):
    with talk:
        talk.echo(*row())
        talk.echo(text(""), text("short"), UNICODE, pattern("binary", 3000), document(6, 60000))
        talk.echo(*row()[:2])
        talk.peer_closes(1000)
    expect("compression is agreed on", is_agreed, talk.wire.agreed is not None)
    check_compression(talk)


def check_compression(talk):
    """That messages were compressed where agreed, and with the context that was agreed. That they
    were not where it was not, and no window was exceeded, the decoder has seen to."""
    payloads = {each.payload for each in row()}
    for side, role in ((talk.wire.client, "client"), (talk.wire.server, "server")):
        similar = [each for each in side.messages if each.payload in payloads][: len(row())]
        bits, takeover = 15, True
        if talk.wire.agreed is not None:
            bits = talk.wire.agreed[f"{role}_max_window_bits"]
            takeover = not talk.wire.agreed[f"{role}_no_context_takeover"]
        # We have no compressor for windows of 8 bits; a peer's makes 9 of it.
        compresses = talk.wire.agreed is not None and not (bits == 8 and side is talk.ours)
        compressed = sum(each.compressed for each in similar)
        expect(f"compressed messages of {side.name}, of the {len(similar)} that are similar",
               len(similar) if compresses else 0, compressed)
        if not compresses:
            continue
        first, *others = [each.size for each in similar]
        later = sum(others) / len(others)
        ratio = f"the first takes {first} of 1500 bytes, the others {later:.0f} on average"
        if first > 1000:
            raise Failed(f"{side.name}: expected JSON to get smaller, saw that {ratio}")
        if takeover and bits >= 12 and later > 0.8 * first:
            raise Failed(f"{side.name}: expected context takeover to show, saw that {ratio}")
        if not takeover and later < 0.9 * first:
            raise Failed(f"{side.name}: expected no context takeover, saw that {ratio}")


# All of them


def all_of(peer, we_serve):
    """The names and functions of all scenarios with this peer."""
    Talk = WeServe if we_serve else WeConnect

    def scenario(name, function, *arguments, **options):
        return name, lambda lab: function(Talk(lab, **options), *arguments)

    modes = {"plain": None, "deflate": USUAL}
    for mode, deflate in modes.items():
        for loop in ("serve", "feed", "send") if we_serve else (None,):
            name = f"echo, {mode}" + (f", loop {loop}" if loop else "")
            yield scenario(name, echoes, deflate=deflate, loop=loop)
        yield scenario(f"fragments of the peer, {mode}", cut_by_peer, deflate=deflate)
        yield scenario(f"fragments of ours, {mode}", cut_by_us, deflate=deflate)
        yield scenario(f"pings, {mode}", pings, deflate=deflate)

    for by_us in (True, False):
        by = "us" if by_us else "the peer"
        for code, reason in [(1000, ""), (1000, "bye"), (3000, ""), (4999, REASON), (None, "")]:
            extent = f" with {len(reason.encode())} bytes" if reason else ""
            yield scenario(f"close by {by}, {code or 'empty'}{extent}", close, by_us, code, reason)
        yield scenario(f"abrupt end by {by}", abort, by_us)
        yield scenario(f"abrupt end by {by}, deflate", abort, by_us, deflate=USUAL)
    yield scenario("echo after abrupt ends", lambda talk: protocol(talk, None))

    yield from protocol_scenarios(peer, we_serve, scenario)
    yield from limit_scenarios(we_serve, scenario)
    yield from deflate_scenarios(peer, we_serve, scenario)


def protocol_scenarios(peer, we_serve, scenario):
    for offered in (["chat"], ["superchat"], ["other", "chat"]):
        name = f"subprotocol of {', '.join(offered)}"
        yield scenario(name, protocol, offered[-1], protocols=tuple(offered))
    if we_serve:  # the first that the client offers
        yield scenario("subprotocol of superchat, chat", protocol, "superchat",
                       protocols=("superchat", "chat"))
        if peer == "ws":  # a client that insists
            yield scenario("unknown subprotocol", refused, "no subprotocol",
                           protocols=("other",), refused=True)
        else:
            yield scenario("unknown subprotocol", protocol, None, protocols=("other",))
    else:
        if peer == "ws":
            yield scenario("unknown subprotocol", protocol, None, protocols=("other",))
        else:  # a server that insists
            yield scenario("unknown subprotocol", refused, "400", protocols=("other",), refused=True)
        yield scenario("a subprotocol that was not offered", refused, "subprotocol", True,
                       protocols=("chat",), choose="superchat", refused=True)
        if peer != "ws":  # which then chooses none
            yield scenario("a subprotocol though none was offered", refused, "subprotocol", True,
                           choose="superchat", refused=True)


def limit_scenarios(we_serve, scenario):
    limit, fixed = 65536, 64 << 20  # of our client
    for mode, deflate in {"plain": None, "deflate": USUAL}.items():
        if we_serve:
            yield scenario(f"at our limit, {mode}", up_to_our_limit, deflate=deflate, our_limit=limit)
            for zeros in (limit + 1, 1 << 20):
                for size in (None, 1000):
                    name = f"{zeros} bytes over our limit, {mode}" + (", in fragments" if size else "")
                    yield scenario(name, over_our_limit, zeros, size, deflate=deflate, our_limit=limit)
        else:
            yield scenario(f"over our limit, {mode}", over_our_limit, fixed + 1, None, deflate=deflate)
        for sample in (pattern("binary", limit + 1), document(7, limit + 1)):
            yield scenario(f"{sample.name} over the peer's limit, {mode}", over_peer_limit, sample,
                           deflate=deflate, peer_limit=limit)


def deflate_scenarios(peer, we_serve, scenario):
    def compressed(name, *arguments, **options):
        return scenario(f"deflate, {name}", compression, *arguments, **options)

    if we_serve:
        yield compressed("none offered", False)
        yield compressed("offered, not accepted", False, deflate=USUAL, accepts=None)
        yield compressed("the peer's defaults", deflate="default")
        for offer in offers():
            yield compressed(f'offer "{offer}"', deflate=offer)
        # Our compressor has no such window, so we do without.
        yield compressed("offer of a server window too small", False, deflate="server_max_window_bits=8")
        return

    yield compressed("none offered", False)
    yield compressed("offered, not accepted", False, deflate=USUAL, accepts=None)
    yield compressed("the peer's defaults", deflate=USUAL, accepts="default")
    for offer in offers():
        yield compressed(f'offer "{offer}"', deflate=offer)
    yield compressed("offer of a client window of 8 bits", deflate="client_max_window_bits=8")
    yield compressed("offer of a server window of 8 bits", peer == "ws",  # the other declines
                     deflate="server_max_window_bits=8")
    for insists, offer in itertools.product(INSISTENCE, OFFERS_TO_THE_INSISTENT):
        name = f'deflate, offer "{offer}" to a server that insists on "{insists}"'
        if peer == "ws" and ws_refuses(insists, offer):
            yield scenario(name, refused, "400", deflate=offer, accepts=insists, refused=True)
        else:
            yield scenario(name, compression, deflate=offer, accepts=insists)
