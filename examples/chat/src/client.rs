//! [`serve`]: one WebSocket of the chat, from its opening to its end.

use crate::http::Upgraded;
use crate::hub::Hub;
use crate::pace::Pace;
use sansws_tokio::{CloseFrame, WsStream};
use std::sync::Arc;
use std::time::Instant;

/// Serves one WebSocket until it is closed.
pub(crate) async fn serve(ws: WsStream<Upgraded>, hub: &Arc<Hub>, room: String) {
    let (mut reader, writer) = ws.split();
    let guest = hub.enter(room, writer.sender());
    let mut pace = Pace::new(Instant::now());
    while let Some(Ok(message)) = reader.next().await {
        let said = message.as_text().and_then(|text| serde_json::from_str(text).ok());
        let wrong = match said {
            Some(_) if !pace.allows(Instant::now()) => CloseFrame::new(1008, "too much at a time"),
            Some(said) => {
                guest.say(said);
                continue;
            }
            None => CloseFrame::new(1008, "not a message of the chat"),
        };
        let _ = writer.close(wrong).await; // or it is closed already
    }
}
