//! Every program that `echo` measures echoes: messages small and large, in fragments, as a server and as a client; with
//! `--features tls`, over TLS.

use sansws_benches::Error;
use sansws_benches::echo::Program;
use sansws_benches::load::{Load, Scenario, Side, scenarios};
use sansws_benches::process::Process;
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

#[test]
fn every_program_echoes() {
    let (names, all) = (["text125", "frag16k", "text1m", "client16", "client16k", "tls16", "tls16k"], scenarios());
    for scenario in all.iter().filter(|scenario| names.contains(&scenario.name)) {
        for program in Program::all().into_iter().filter(|program| program.speaks_tls() || !scenario.tls) {
            let messages = echoed(program, scenario);
            assert!(messages.is_ok_and(|messages| messages > 0), "{program}, {}", scenario.name);
        }
    }
}

fn echoed(program: Program, scenario: &Scenario) -> Result<u64, Error> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_echo"));
    command.args(["--run", &program.to_string()]);
    if scenario.tls {
        command.arg("--tls");
    }
    let (_process, mut load) = if scenario.side == Side::Client {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (addr, connections) = (listener.local_addr()?.to_string(), scenario.connections.to_string());
        let process = Process::start(command.args(["--connect", &addr, &connections]))?;
        (process, Load::accept(&listener, scenario)?)
    } else {
        let mut process = Process::start(&mut command)?;
        let addr = process.listens()?;
        (process, Load::connect(addr, scenario)?)
    };
    Ok(load.run(Duration::from_millis(20))?.messages)
}
