//! The web-platform-tests, on async-std.

mod executor;

mod default {
    sansws_suite::wpt!(crate::executor::Global, Default);
}

mod wss {
    sansws_suite::wpt!(crate::executor::Global, Wss);
}
