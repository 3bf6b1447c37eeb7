//! The client's part in Autobahn|Testsuite: asks how many cases there are, echoes in each, asks for the report.

use crate::{Autobahn, config};
use sansws_driver::{Connect, Connector, Error};
use std::process::ExitCode;

/// A case of the suite may pause for long.
pub(crate) const MAX_MESSAGE: u64 = 16 << 20;

pub(crate) async fn run<R: Connect>(args: &Autobahn) -> ExitCode {
    match cases::<R>(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", args.url);
            ExitCode::FAILURE
        }
    }
}

async fn cases<R: Connect>(args: &Autobahn) -> Result<(), Error> {
    let connector = Connector::<R>::new().config(config(MAX_MESSAGE, args.deflate));
    let url = args.url.trim_end_matches('/');
    let agent: String = url::form_urlencoded::byte_serialize(args.agent.as_bytes()).collect();

    let (mut ws, _) = connector.connect(&format!("{url}/getCaseCount")).await?;
    let count = match ws.next().await {
        Some(message) => message?.as_text().and_then(|text| text.parse().ok()).unwrap_or(0),
        None => 0,
    };
    ws.close(None).await?;

    for case in 1..=count {
        let case = format!("{url}/runCase?case={case}&agent={agent}");
        let (mut ws, _) = connector.connect(&case).await?;
        // Many cases are about what we refuse; the suite judges.
        let _ = ws.serve(|message, sender| sender.send_ref(message)).await;
    }

    let (mut ws, _) = connector.connect(&format!("{url}/updateReports?agent={agent}")).await?;
    while let Some(message) = ws.next().await {
        message?;
    }
    Ok(())
}
