//! Whatever is done with a connection, in whatever order.

use crate::model::Model;
use crate::op::Op;
use crate::setup::Setup;
use crate::tape::{Recorded, Tape, trace};
use sansws_core::frame::Role;

/// A server's end under any use, as `model` has it.
pub fn connection_server(data: &[u8]) {
    check(Role::Server, data);
}

/// A client's end under any use.
pub fn connection_client(data: &[u8]) {
    check(Role::Client, data);
}

fn check(role: Role, data: &[u8]) {
    let mut tape = Tape::new(data);
    let setup = Setup::read(&mut tape);
    trace(&setup);
    let mut model = Model::new(role, setup);
    while !tape.is_empty() {
        let op = Op::read(&mut tape);
        trace(&op);
        model.act(&op);
    }
    model.finish();
}
