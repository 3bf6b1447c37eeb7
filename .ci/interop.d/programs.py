"""The programs that talk: they are driven by lines, and always ended."""

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

STEP_SECONDS = 10  # for whatever is waited for
STOP_SECONDS = 5


class CannotRun(Exception):
    """There is no verdict, for the reason given."""


class Failed(Exception):
    """A scenario went otherwise than expected: says what was expected and what was seen."""


def show(value, longest=200):
    text = repr(value)
    return text if len(text) <= longest else f"{text[:longest]} ... ({len(text)} characters)"


def expect(what, expected, seen):
    if expected != seen:
        raise Failed(f"{what}: expected {show(expected)}, saw {show(seen)}")


class Program:
    """A child process, in a group of its own; standard error goes to a log."""

    def __init__(self, name, command, log, environment=None):
        self.name, self.log = name, log
        self.lines, self.early = queue.SimpleQueue(), []
        command = [str(word) for word in command]
        with open(log, "ab") as errors:
            try:
                self.child = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                    env={**os.environ, **(environment or {})}, start_new_session=True,
                )
            except OSError as error:
                raise CannotRun(f"cannot start {command[0]}: {error.strerror}") from None
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        with self.child.stdout as output:
            for line in output:
                self.lines.put(line)
        self.lines.put(None)

    def write(self, line):
        try:
            self.child.stdin.write(line.encode() + b"\n")
            self.child.stdin.flush()
        except OSError:
            raise Failed(f"{self.name} has ended; {tail(self.log)}") from None

    def next_event(self, wanted="an event"):
        try:
            line = self.lines.get(timeout=STEP_SECONDS)
        except queue.Empty:
            early = f", only {show(self.early)}" if self.early else ""
            raise Failed(
                f"{self.name}: expected {wanted}, saw nothing for {STEP_SECONDS} s{early}"
            ) from None
        if line is None:
            self.lines.put(None)
            raise Failed(f"{self.name}: expected {wanted}, but it has ended; {tail(self.log)}")
        return json.loads(line)

    def stop(self):
        with contextlib.suppress(OSError):
            self.child.stdin.close()
        stop(self.child)


class Peer(Program):
    """One of peer_*: a JSON object a line, both ways."""

    FINAL = ("close", "failed")

    def do(self, command, **options):
        """Commands it, and returns once that is done; events on the way wait for `event`."""
        self.begin(command, **options)
        self.done()

    def begin(self, command, **options):
        options = {name: value for name, value in options.items() if value is not None}
        self.write(json.dumps({"do": command, **options}))

    def done(self):
        self.event("done", despite=self.FINAL)

    def event(self, wanted, despite=()):
        """The next event of this kind; others may come before, but no end."""
        for at, event in enumerate(self.early):
            if event["event"] == wanted:
                return self.early.pop(at)
        while (event := self.next_event(repr(wanted)))["event"] != wanted:
            self.early.append(event)
            if event["event"] in self.FINAL and event["event"] not in despite:
                raise Failed(f"{self.name}: expected {wanted!r}, saw {show(self.early)}")
        return event


class Client(Program):
    """`conformance client`: a command a line, and one JSON event for each."""

    def command(self, line):
        self.write(line)
        return self.next_event(f"an answer to {show(line, 40)}")


def stop(child):
    """Ends a child and what it has started."""
    for which in (signal.SIGTERM, signal.SIGKILL):
        if child.poll() is None:
            os.killpg(child.pid, which)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(STOP_SECONDS)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_listening(program, port):
    """Returns once the program accepts TCP connections on the port."""
    deadline = time.monotonic() + STEP_SECONDS
    while time.monotonic() < deadline and program.child.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.02)
    raise CannotRun(f"{program.name} did not listen; {tail(program.log)}")


def tail(log, lines=20, width=200):
    """The end of a log, for a message."""
    end = log.read_text(errors="replace").splitlines()[-lines:]
    short = [line if len(line) <= width else line[:width] + " ..." for line in end]
    return "\n  | ".join([f"the end of {shown(log)}:", *short])


def shown(path):
    """The path as the reader would type it."""
    with contextlib.suppress(ValueError):
        return path.relative_to(Path.cwd())
    return path
