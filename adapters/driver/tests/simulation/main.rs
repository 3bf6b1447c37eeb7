//! A simulation: a client and a server over a network that is late, cuts and stalls, in a time of its own, from a seed.
//!
//! Both do what they like, as a whole or in halves, and often not to the end. What passes their transports and what they
//! see is compared, with every step, with a model of the closing handshake: see `model`. A seed that fails is printed with
//! what had happened; `SANSWS_SEED=n cargo test -p sansws-driver --test simulation` plays it again.

mod ends;
mod frames;
mod halves;
mod model;
mod network;
mod random;
#[path = "../support/mod.rs"]
mod support;
mod whole;
mod world;

use ends::Task;
use model::Model;
use network::{Reactor, network};
use random::Random;
use sansws_core::frame::Role;
use sansws_driver::Drain;
use std::cell::RefCell;
use std::rc::Rc;
use std::thread;
use std::time::Duration;
use support::{Acceptor, open, task, time};
use world::World;

/// Names the seed to play, or a range of them: `1000..50000`.
const SEED: &str = "SANSWS_SEED";

#[test]
fn a_thousand_seeds() {
    let asked = std::env::var(SEED).ok().map(|asked| match asked.split_once("..") {
        Some((first, end)) => first.parse().unwrap()..end.parse().unwrap(),
        None => asked.parse().map(|seed| seed..seed + 1).unwrap(),
    });
    for seed in asked.unwrap_or(0..1000) {
        let played = thread::spawn(move || simulate(seed)).join(); // a thread has a clock and buffers
        assert!(played.is_ok(), "seed {seed}");
    }
}

fn simulate(seed: u64) {
    let mut random = Random::new(seed);
    let world = Rc::new(World::new(seed, &mut random));
    let models = [Role::Client, Role::Server].map(|role| Rc::new(RefCell::new(Model::new(role, &world))));
    let (endpoints, reactor) = network(&world, models.each_ref(), &mut random);
    let drain = Drain::new();
    let mut tasks: Vec<Task> = Vec::new();
    for (mut endpoint, role) in endpoints.into_iter().zip(support::ROLES) {
        let config = world.config(&mut random);
        world.note(format!("{role:?}: {config:?}"));
        let (model, delivery) = (Rc::clone(&endpoint.model), config.delivery);
        let ws = if role == Role::Server && random.one_in(3) {
            tasks.push(Box::pin(ends::drains(Rc::clone(&model), drain.clone(), random.fork())));
            endpoint.opens = true;
            task::run(Acceptor::new().config(config).drain(&drain).accept(endpoint)).expect("it is asked for")
        } else {
            open(endpoint, role, config)
        };
        tasks.extend(ends::tasks(&model, ws, delivery, &mut random));
    }
    run(&world, &models, reactor, tasks, &mut random);
    models.iter().for_each(|model| model.borrow().is_done());
    assert_eq!(drain.connections(), 0);
}

/// More steps than any conversation has; an hour of keepalives takes 40 000.
const ENDLESS: usize = 200_000;

/// A task, how it is woken, and whether it was.
type Running = (Task, task::Task, bool);

/// Polls the tasks that are woken, in any order, until all are done; time passes when none is, and now and then.
fn run(world: &World, models: &[Rc<RefCell<Model>>; 2], mut reactor: Reactor, tasks: Vec<Task>, random: &mut Random) {
    let mut tasks: Vec<Running> = tasks.into_iter().map(|future| (future, task::Task::new(), true)).collect();
    for _ in 0..ENDLESS {
        if tasks.is_empty() {
            return;
        }
        let woken: Vec<usize> = (0..tasks.len())
            .filter(|at| {
                let (_, task, woken) = &mut tasks[*at];
                *woken |= task.woken() > 0;
                *woken
            })
            .collect();
        if random.one_in(20) {
            time::advance(Duration::from_millis(random.below(100) as u64)); // and the reactor has yet to look
            world.stir();
            continue;
        }
        if (woken.is_empty() || random.one_in(4)) && reactor.turn() {
            world.stir();
            continue;
        }
        if woken.is_empty() {
            reactor.rests(models);
            let all_read = reactor.is_quiet() && !models.iter().any(|model| model.borrow().took);
            if all_read && random.one_in(4) {
                probe(world, &mut tasks);
            }
            assert!(time::advance_to_next(), "nobody will ever wake the {} tasks that are left", tasks.len());
            world.stir();
            continue;
        }
        let at = if random.one_in(50) { random.below(tasks.len()) } else { random.pick(&woken) };
        let (future, task, is_woken) = &mut tasks[at];
        *is_woken = false;
        if random.one_in(50) {
            *task = task::Task::new(); // elsewhere, and who wakes it there wakes nobody
        }
        world.count_poll();
        if future.as_mut().poll(&mut task.context()).is_ready() {
            drop(tasks.swap_remove(at));
        }
    }
    panic!("{} tasks go on for ever", tasks.len());
}

/// Nobody sleeps who could go on: to be polled without being woken gets nobody any further. That is asked only when all is
/// read: when a message is taken that others did not read on for, these are not woken to do so.
fn probe(world: &World, tasks: &mut [Running]) {
    let progress = world.progress();
    world.probes.set(true);
    for (future, task, _) in tasks {
        assert!(future.as_mut().poll(&mut task.context()).is_pending(), "a task was not woken for its end");
    }
    world.probes.set(false);
    assert_eq!(world.progress(), progress, "a task was not woken for this");
}
