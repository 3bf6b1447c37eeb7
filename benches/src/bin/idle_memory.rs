//! What an idle connection costs a server in resident memory, at first, and again after each has exchanged a message:
//! `cargo run --release -p sansws-benches --bin idle_memory`.
//!
//! The server is a child process; what the kernel keeps for its sockets is not counted.

use clap::{Parser, ValueEnum};
use sansws_benches::Error;
use sansws_benches::echo::{Loop, Place, Program, Runtime};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Measures the resident memory that idle connections cost an echo server.
#[derive(Parser)]
struct Args {
    /// Which servers; all if none is named.
    #[arg(long, value_enum)]
    runtime: Vec<Runtime>,
    /// How many connections.
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// How large the message is that each exchanges, in bytes.
    #[arg(long, default_value_t = 1024)]
    message: u16,
    /// Be the server: for the child process.
    #[arg(long, hide = true, value_enum)]
    serve: Option<Runtime>,
}

/// Connections that are not counted: they make what the first ones make once and for all.
const WARM_UP: usize = 200;

fn main() -> Result<(), Error> {
    let args = Args::parse();
    raise_limit(args.connections + WARM_UP)?;
    if let Some(runtime) = args.serve {
        return Program::Ours(runtime, Loop::Serve).run(&Place::Listen { addr: "127.0.0.1:0".into(), tls: false });
    }
    let all = || Runtime::value_variants().to_vec();
    let runtimes = if args.runtime.is_empty() { all() } else { args.runtime.clone() };
    println!("| server | bytes per idle connection | after a message of {} bytes each |", args.message);
    println!("|---|---:|---:|");
    for runtime in runtimes {
        let (fresh, used) = measure(runtime, &args)?;
        let name = runtime.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        println!("| {name} | {fresh:.0} | {used:.0} |");
    }
    Ok(())
}

/// Bytes per connection, before and after each has exchanged a message.
fn measure(runtime: Runtime, args: &Args) -> Result<(f64, f64), Error> {
    let server = Server::start(runtime)?;
    let mut connections = Vec::new();
    connect(&mut connections, WARM_UP, server.addr)?;
    exchange(&mut connections, args.message)?;
    let before = server.resident()?;
    let mut counted = Vec::new();
    connect(&mut counted, args.connections, server.addr)?;
    let per_connection = |bytes: u64| bytes.saturating_sub(before) as f64 / args.connections as f64;
    let fresh = per_connection(server.resident()?);
    exchange(&mut counted, args.message)?;
    Ok((fresh, per_connection(server.resident()?)))
}

struct Server {
    child: Child,
    addr: SocketAddr,
}

impl Server {
    fn start(runtime: Runtime) -> Result<Self, Error> {
        let name = runtime.to_possible_value().ok_or("a runtime has a name")?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--serve", name.get_name()]).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("the child has an output")?).read_line(&mut line)?;
        Ok(Self { child, addr: line.trim().parse()? })
    }

    /// How much of its memory is resident, in bytes, once that no longer changes.
    fn resident(&self) -> Result<u64, Error> {
        let path = format!("/proc/{}/smaps_rollup", self.child.id());
        let now = || -> Result<u64, Error> {
            let rollup = fs::read_to_string(&path)?;
            let line = rollup.lines().find(|line| line.starts_with("Rss:")).ok_or("no Rss in smaps_rollup")?;
            Ok(line.split_whitespace().nth(1).ok_or("no figure")?.parse::<u64>()? * 1024)
        };
        let mut last = now()?;
        loop {
            std::thread::sleep(Duration::from_millis(200));
            let this = now()?;
            if this == last {
                return Ok(this);
            }
            last = this;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Opens so many connections more.
fn connect(connections: &mut Vec<TcpStream>, count: usize, addr: SocketAddr) -> Result<(), Error> {
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {addr}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    for _ in 0..count {
        let mut tcp = TcpStream::connect(addr)?;
        tcp.write_all(request.as_bytes())?;
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            tcp.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        connections.push(tcp);
    }
    Ok(())
}

/// Has each connection send a message and receive it again.
fn exchange(connections: &mut [TcpStream], len: u16) -> Result<(), Error> {
    let mut frame = vec![0x82, 0x80 | 126];
    frame.extend(len.max(126).to_be_bytes());
    frame.extend([0; 4]); // a masking key that changes nothing
    frame.resize(frame.len() + usize::from(len.max(126)), b'x');
    let mut echo = vec![0; frame.len() - 4];
    for tcp in connections {
        tcp.write_all(&frame)?;
        tcp.read_exact(&mut echo)?;
        if echo[4..] != frame[8..] {
            return Err("this is no echo".into());
        }
    }
    Ok(())
}

/// Has this process, and its children, open as many files as it takes.
fn raise_limit(connections: usize) -> Result<(), Error> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let wanted = connections as u64 + 100;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })?;
    }
    Ok(())
}
