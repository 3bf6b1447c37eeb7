//! The broker: what chat processes tell each other over NATS.
//!
//! Every process tells its own users at once, and the others by the broker. So while that is away, a room goes on in
//! pieces; when it is back, the processes say anew who is where. Nobody's WebSocket notices.

use crate::hub::Hub;
use crate::protocol::{Id, ToPage};
use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

const SUBJECT: &str = "sansws.chat";

/// How often a process says who is there.
const BEAT: Duration = Duration::from_secs(3);

/// What one process tells the others.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Envelope {
    pub(crate) process: u64,
    pub(crate) room: String,
    pub(crate) news: News,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum News {
    /// For everybody in the room.
    Said(ToPage),
    /// All who are in the room at this process.
    Present(BTreeMap<Id, String>),
    /// Asks all processes to say who is there.
    Who,
}

/// Begins to connect to the broker, which need not be there yet.
///
/// # Errors
///
/// The URL is none of a NATS server.
pub(crate) async fn connect(url: &str) -> Result<(Client, mpsc::Receiver<()>), async_nats::ConnectError> {
    let (connected, is_connected) = mpsc::channel(1);
    let options = ConnectOptions::new()
        .name("sansws-chat")
        .retry_on_initial_connect()
        .reconnect_delay_callback(|attempts| Duration::from_millis(50 << attempts.min(5)))
        .event_callback(move |event| {
            eprintln!("broker: {event}");
            if matches!(event, Event::Connected) {
                let _ = connected.try_send(()); // or it waits to be heard already
            }
            std::future::ready(())
        });
    Ok((options.connect(url).await?, is_connected))
}

/// Carries news both ways, for ever.
///
/// # Errors
///
/// It cannot subscribe.
pub(crate) async fn run(
    client: Client,
    mut connected: mpsc::Receiver<()>,
    hub: Arc<Hub>,
    mut outgoing: mpsc::Receiver<Envelope>,
) -> Result<(), async_nats::SubscribeError> {
    let mut incoming = client.subscribe(SUBJECT).await?;
    let mut beats = interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            Some(envelope) = outgoing.recv() => publish(&client, &envelope).await,
            Some(message) = incoming.next() => {
                if let Ok(envelope) = serde_json::from_slice(&message.payload) {
                    hub.hear(envelope);
                }
            }
            Some(()) = connected.recv() => hub.connected(),
            _ = beats.tick() => hub.beat(),
        }
    }
}

async fn publish(client: &Client, envelope: &Envelope) {
    if client.connection_state() != State::Connected {
        return; // it would wait for the broker, and the rest with it
    }
    if let Ok(payload) = serde_json::to_vec(envelope) {
        let _ = client.publish(SUBJECT, payload.into()).await; // or it was lost just now
    }
}
