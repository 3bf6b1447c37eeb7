//! What an idle connection costs an echo server in resident memory: at first, after a small message, and after a large one;
//! of ours on every runtime, of the floors and, with `--features peers`, of the peers:
//! `cargo run --release -p sansws-benches --features peers --bin idle_memory`.
//!
//! The server is a child process. What the kernel keeps for its sockets is not counted; memory that the allocator keeps
//! for later is.

use clap::Parser;
use sansws_benches::Error;
use sansws_benches::echo::{Loop, Place, Program, handshake};
use sansws_benches::machine;
use sansws_benches::process::{self, Process};
use sansws_benches::wire::{BINARY, frame};
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpStream};

/// Measures the resident memory that idle connections cost an echo server.
#[derive(Parser)]
struct Args {
    /// Only servers whose name contains this.
    #[arg(long)]
    server: Vec<String>,
    /// How many connections.
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// How many of them exchange a large message.
    #[arg(long, default_value_t = 500)]
    large: usize,
    /// Write the table to `benches/results/`.
    #[arg(long)]
    update: bool,
    /// Be this server: for the child process.
    #[arg(long, hide = true)]
    run: Option<String>,
}

/// What every connection exchanges, and what some do, in bytes.
const SMALL: usize = 1 << 10;
const LARGE: usize = 1 << 20;

/// Connections that are not counted: they make what the first ones make once and for all.
const WARM_UP: usize = 200;

/// So many of them exchange a large message, too.
const WARM_UP_LARGE: usize = 20;

/// What a connection exchanges bytes with.
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

fn main() -> Result<(), Error> {
    let args = Args::parse();
    if let Some(name) = args.run {
        let place = Place::Listen { addr: "127.0.0.1:0".into(), tls: false };
        return Program::named(&name).ok_or("no such program")?.run(&place);
    }
    process::allow(args.connections + WARM_UP)?;
    let mut report = format!(
        "# Memory of idle connections\n\n\
         Written by `idle_memory`; `benches/README.md` says how to run it.\n{}.\n\
         Resident bytes of an echo server per connection, of {} that are idle: at first, after each has exchanged 1 KiB, and \
         of {} of them after 1 MiB; and what the allocator keeps of that when all are closed.\n\n\
         | server | at first | after 1 KiB | after 1 MiB | closed |\n|---|---:|---:|---:|---:|\n",
        machine::described(),
        args.connections,
        args.large.min(args.connections),
    );
    for program in programs(&args.server) {
        eprint!("\r\x1b[2K{program}");
        let found = measure(program, &args).map_err(|error| format!("{program}: {error}"))?;
        let Found { fresh, small, large, closed } = found;
        writeln!(report, "| {program} | {fresh:.0} | {small:.0} | {large:.0} | {closed:.0} |")?;
    }
    eprint!("\r\x1b[2K");
    print!("{report}");
    if args.update {
        fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/results/idle_memory.md"), report)?;
    }
    Ok(())
}

/// Floors, ours with their fastest loop, and peers.
fn programs(wanted: &[String]) -> Vec<Program> {
    let mut programs = Program::all();
    programs.retain(|program| !matches!(program, Program::Ours(_, Loop::Feed | Loop::Send)));
    programs.retain(|program| wanted.is_empty() || wanted.iter().any(|part| program.to_string().contains(part)));
    programs
}

/// In bytes per connection.
struct Found {
    fresh: f64,
    small: f64,
    large: f64,
    closed: f64,
}

fn measure(program: Program, args: &Args) -> Result<Found, Error> {
    let mut server = Process::start(&mut program.command()?)?;
    let addr = server.listens()?;
    let mut warm = connect(WARM_UP, addr)?;
    exchange(&mut warm, SMALL)?;

    let base = server.resident()?;
    let of = |more: u64, less: u64, count: usize| (more as f64 - less as f64) / count as f64;
    let mut counted = connect(args.connections, addr)?;
    let fresh = of(server.resident()?, base, args.connections);
    exchange(&mut counted, SMALL)?;
    let after_small = server.resident()?;
    let small = of(after_small, base, args.connections);

    exchange(&mut warm[..WARM_UP_LARGE], LARGE)?;
    let before_large = server.resident()?;
    let large = args.large.min(args.connections);
    exchange(&mut counted[..large], LARGE)?;
    let large = small + of(server.resident()?, before_large, large);

    drop(counted);
    let closed = of(server.resident()?, base + before_large - after_small, args.connections);
    Ok(Found { fresh, small, large, closed })
}

/// Opens connections, one by one.
fn connect(count: usize, addr: SocketAddr) -> Result<Vec<TcpStream>, Error> {
    let connect = |_| {
        let mut tcp = TcpStream::connect(addr)?;
        handshake::connect(&mut tcp)?;
        Ok(tcp)
    };
    (0..count).map(connect).collect()
}

/// Has each connection send a message of this length and receive it again, one by one.
fn exchange(connections: &mut [TcpStream], len: usize) -> Result<(), Error> {
    let payload = vec![b'x'; len];
    let (request, answer) = (frame(BINARY, &payload, Some(KEY)), frame(BINARY, &payload, None));
    let mut answered = vec![0; answer.len()];
    for tcp in connections {
        tcp.write_all(&request)?;
        tcp.read_exact(&mut answered)?;
        if answered != answer {
            return Err("this is no echo".into());
        }
    }
    Ok(())
}
