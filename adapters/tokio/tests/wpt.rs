//! The web-platform-tests, on tokio with one thread and with several.

mod executor;

mod one_thread {
    mod default {
        sansws_suite::wpt!(crate::executor::Threads<false>, Default);
    }

    mod wss {
        sansws_suite::wpt!(crate::executor::Threads<false>, Wss);
    }
}

mod several_threads {
    mod default {
        sansws_suite::wpt!(crate::executor::Threads<true>, Default);
    }

    mod wss {
        sansws_suite::wpt!(crate::executor::Threads<true>, Wss);
    }
}
