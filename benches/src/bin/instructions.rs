//! How many instructions the hot paths take for each message, counted by callgrind: a figure that does not depend on
//! how busy the machine is.
//!
//! `cargo run --release -p sansws-benches --bin instructions` compares with the figures in
//! `benches/results/instructions.md` and fails if one has grown by more than 3 %; `-- --update` writes them anew. It wants
//! `valgrind`.
//!
//! Nor does it depend on the CPU, if that has AVX2: valgrind emulates one of its own, and shows programs that one's
//! features and caches, without AVX-512. It does depend on the compiler, and on how the C library copies.

use bytes::{Buf, BytesMut};
use clap::Parser;
use sansws_benches::{Error, machine};
use sansws_core::frame::{Header, Opcode};
use sansws_core::{Config, Connection, EventRef, InputBuffer, Instant, Message, MessageRef, mask};
use sansws_driver::{Clock, Error as WsError, Transport, WsStream};
use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::io::{self, IoSlice};
use std::pin::pin;
use std::process::{Command, ExitCode};
use std::task::{Context, Poll, Waker};

/// Where the figures are kept.
const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/results/instructions.md");

/// What a figure may grow by.
const TOLERANCE: f64 = 0.03;

/// How many messages come at once.
const BATCH: usize = 64;

/// Rounds of the two runs whose difference counts: what is done once cancels out.
const ROUNDS: (usize, usize) = (50, 250);

#[derive(Parser)]
struct Args {
    /// Write the figures instead of comparing with them.
    #[arg(long)]
    update: bool,
    /// Run this case, so many rounds: what is counted.
    #[arg(long, num_args = 2, value_names = ["CASE", "ROUNDS"], hide = true)]
    run: Option<Vec<String>>,
    #[arg(long, hide = true)]
    bench: bool, // cargo bench says so
}

/// What is counted, and how many messages a round of it has.
type Case = (&'static str, usize, fn(usize));

const CASES: &[Case] = &[
    ("receive 16 B, borrowed", BATCH, |rounds| receive(rounds, 16, Opcode::Binary, take_borrowed)),
    ("receive 125 B text, borrowed", BATCH, |rounds| receive(rounds, 125, Opcode::Text, take_borrowed)),
    ("receive 1 KiB, borrowed", BATCH, |rounds| receive(rounds, 1024, Opcode::Binary, take_borrowed)),
    ("receive 16 B, owned", BATCH, |rounds| receive(rounds, 16, Opcode::Binary, take_owned)),
    ("receive 125 B text, owned", BATCH, |rounds| receive(rounds, 125, Opcode::Text, take_owned)),
    ("receive 1 KiB, owned", BATCH, |rounds| receive(rounds, 1024, Opcode::Binary, take_owned)),
    ("echo 16 B, borrowed", BATCH, |rounds| receive(rounds, 16, Opcode::Binary, echo_borrowed)),
    ("driver: serve 16 B", BATCH, |rounds| drive(rounds, BATCH, serve)),
    ("driver: serve 16 B, one at a time", 1, |rounds| drive(rounds, 1, serve)),
    ("driver: next and feed 16 B", BATCH, |rounds| drive(rounds, BATCH, feed)),
    ("send 16 B, server", BATCH, |rounds| send(rounds, 16, server())),
    ("send 1 KiB, server", BATCH, |rounds| send(rounds, 1024, server())),
    ("send 16 B, client", BATCH, |rounds| send(rounds, 16, client())),
    ("send 1 KiB, client", BATCH, |rounds| send(rounds, 1024, client())),
    ("mask 16 B", BATCH, |rounds| masked(rounds, 16)),
    ("mask 1 KiB", BATCH, |rounds| masked(rounds, 1024)),
];

fn main() -> Result<ExitCode, Error> {
    let args = Args::parse();
    if let Some([name, rounds]) = args.run.as_deref() {
        let (_, _, case) = CASES.iter().find(|(case, ..)| case == name).ok_or("no such case")?;
        case(rounds.parse()?);
        return Ok(ExitCode::SUCCESS);
    }
    if !has_avx2() {
        return Err(
            "the figures are those of a CPU with AVX2, which is what valgrind emulates; this one has none".into()
        );
    }
    let known = fs::read_to_string(FIGURES).unwrap_or_default();
    let compiler = machine::rustc();
    let mut table = format!(
        "# Instructions for each message\n\nCounted by callgrind, in batches of 64 messages. `.ci/run` fails if one grows by \
         more than 3 %; see `benches/src/bin/instructions.rs`.\n{compiler}, {}.\n\n| what | instructions |\n|---|---:|\n",
        machine::output_of("valgrind", &["--version"])
    );
    let (mut grown, mut fallen) = (Vec::new(), false);
    for &(name, messages, _) in CASES {
        let (fewer, more) = (count(name, ROUNDS.0)?, count(name, ROUNDS.1)?);
        let figure = (more - fewer) as f64 / ((ROUNDS.1 - ROUNDS.0) * messages) as f64;
        writeln!(table, "| {name} | {figure:.0} |")?;
        let Some(before) = figure_of(name, &known) else {
            println!("{name:33} {figure:6.0}  new");
            grown.push(format!("{name}: has no committed figure"));
            continue;
        };
        let change = format!("{before:.0}, {:+.1} %", (figure / before - 1.0) * 100.0);
        println!("{name:33} {figure:6.0}  was {change}");
        if figure > before * (1.0 + TOLERANCE) + 0.5 {
            grown.push(format!("{name}: {figure:.0} instructions, was {change}"));
        }
        fallen |= figure < before * (1.0 - TOLERANCE) - 0.5;
    }
    if args.update {
        fs::write(FIGURES, table)?;
        return Ok(ExitCode::SUCCESS);
    }
    if fallen {
        println!("some take fewer than before: `--update` keeps it so");
    }
    if grown.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("\nMORE INSTRUCTIONS than in {FIGURES}:\n  {}", grown.join("\n  "));
    if !known.contains(&compiler) {
        eprintln!("Those were counted with another compiler; this is {compiler}.");
    }
    eprintln!("If that must be so, run it with `--update` and say why in the commit.");
    Ok(ExitCode::FAILURE)
}

/// Whether valgrind has what it emulates by default.
fn has_avx2() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// The committed figure.
fn figure_of(name: &str, known: &str) -> Option<f64> {
    known.lines().find_map(|line| line.strip_prefix(&format!("| {name} | "))?.strip_suffix(" |")?.parse().ok())
}

/// How many instructions so many rounds take, all in all.
fn count(name: &str, rounds: usize) -> Result<u64, Error> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    let output = command.arg(std::env::current_exe()?).args(["--run", name, &rounds.to_string()]).output()?;
    let log = String::from_utf8_lossy(&output.stderr);
    let collected = log.lines().find_map(|line| line.split_once("Collected : "));
    let (_, figure) = collected.ok_or_else(|| format!("valgrind did not count:\n{log}"))?;
    Ok(figure.trim().parse()?)
}

fn server() -> Connection {
    Connection::server(Config::default(), Instant::ORIGIN)
}

fn client() -> Connection {
    Connection::client(Config::default(), |key: &mut [u8]| key.fill(0x5a), Instant::ORIGIN)
}

/// A server's socket: a batch of requests with each poll, and the replies are not looked at.
struct Socket {
    batch: Vec<u8>,
    is_read: bool,
}

impl Transport for Socket {
    fn poll_read(&mut self, _: &mut Context<'_>, input: &mut BytesMut, _: usize) -> Poll<io::Result<usize>> {
        self.is_read = !self.is_read;
        if !self.is_read {
            return Poll::Pending;
        }
        self.batch.chunks(1 << 10).for_each(|piece| input.extend_from_slice(piece));
        Poll::Ready(Ok(self.batch.len()))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(black_box(slices).iter().map(|slice| slice.len()).sum()))
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A clock that stands still.
struct Still;

impl Clock for Still {
    fn now(&self) -> Instant {
        Instant::ORIGIN
    }

    fn poll_until(&mut self, _: &mut Context<'_>, _: Instant) -> Poll<()> {
        Poll::Pending
    }
}

/// Has the driver answer batches of so many messages of 16 bytes, one with each poll.
fn drive<F: Future<Output = Result<(), WsError>>>(
    rounds: usize,
    messages: usize,
    echo: impl FnOnce(WsStream<Socket, Still>) -> F,
) {
    let transport = Socket { batch: frame(16, Opcode::Binary).repeat(messages), is_read: false };
    let mut echo = pin!(echo(WsStream::from_connection(transport, Still, server())));
    for _ in 0..rounds {
        assert!(echo.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}

async fn serve(mut ws: WsStream<Socket, Still>) -> Result<(), WsError> {
    ws.serve(|message, sender| sender.send_ref(message)).await
}

async fn feed(mut ws: WsStream<Socket, Still>) -> Result<(), WsError> {
    while let Some(message) = ws.next().await {
        ws.feed(message?).await?;
    }
    Ok(())
}

/// A client's frame.
fn frame(len: usize, opcode: Opcode) -> Vec<u8> {
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = Header::data(opcode, true, len as u64, Some(key)).encode().to_vec();
    let start = frame.len();
    frame.resize(start + len, b'a');
    mask::apply(key, 0, &mut frame[start..]);
    frame
}

/// Receives batches of masked messages, as a server that reads them into a lent buffer.
fn receive(rounds: usize, len: usize, opcode: Opcode, take: fn(&mut Connection)) {
    let mut connection = server();
    let batch = frame(len, opcode).repeat(BATCH);
    let mut buffers = (InputBuffer::with_capacity(128 << 10), BytesMut::with_capacity(128 << 10));
    for _ in 0..rounds {
        let (input, output) = buffers;
        connection.input().lend(input);
        connection.output().lend(output);
        // In small pieces: what copies a large one at once counts as an instruction for each byte.
        connection.input().fill(batch.len(), |room| {
            black_box(&batch).chunks(1 << 10).for_each(|piece| room.extend_from_slice(piece));
        });
        take(&mut connection);
        let written = connection.output().remaining();
        connection.output().advance(written);
        let input = connection.input().reclaim().map(|mut input| {
            assert!(input.try_reclaim(128 << 10));
            input
        });
        buffers = (input.expect("all is taken"), connection.output().reclaim().expect("all is written"));
    }
}

fn take_borrowed(connection: &mut Connection) {
    while let Ok(true) = connection.decode(Instant::ORIGIN) {
        if let Some((EventRef::Message(message), _)) = connection.lend() {
            black_box(message);
        }
    }
}

fn take_owned(connection: &mut Connection) {
    while let Ok(Some(event)) = connection.receive(Instant::ORIGIN) {
        black_box(event);
    }
}

fn echo_borrowed(connection: &mut Connection) {
    while let Ok(true) = connection.decode(Instant::ORIGIN) {
        if let Some((EventRef::Message(message), sender)) = connection.lend() {
            sender.send_ref(message).expect("there is room");
        }
    }
}

/// Queues batches of messages in a lent buffer.
fn send(rounds: usize, len: usize, mut connection: Connection) {
    let message = Message::from(vec![b'a'; len]);
    let mut buffer = BytesMut::with_capacity(128 << 10);
    for _ in 0..rounds {
        connection.output().lend(buffer);
        for _ in 0..BATCH {
            connection.send_ref(MessageRef::from(black_box(&message))).expect("there is room");
        }
        let written = connection.output().remaining();
        connection.output().advance(written);
        buffer = connection.output().reclaim().expect("all is written");
    }
}

fn masked(rounds: usize, len: usize) {
    let mut bytes = vec![b'a'; len + 6];
    for _ in 0..rounds * BATCH {
        mask::apply(black_box([1, 2, 3, 4]), 0, black_box(&mut bytes[6..]));
    }
}
