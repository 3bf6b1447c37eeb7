#![cfg_attr(loom, expect(clippy::unwrap_used, reason = "what fails here fails the test"))]
//! Halves and handles on several threads, in every order that their steps can take: nobody sleeps for ever.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p sansws-driver --release --test loom`. Loom runs a model again and again, each
//! time with another order of what the threads do to locks, and fails if all of them wait.

#[cfg(loom)]
mod halves;
#[cfg(loom)]
mod stream;
