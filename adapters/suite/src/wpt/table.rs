//! The tests by name, and the macro that makes a test of each.

#![allow(missing_docs, reason = "see the files they are named after")]

/// `$d` is a dollar sign, for the macro inside.
macro_rules! table {
    ($d:tt $($theme:ident { $($test:ident)* })*) => {
        $(pub mod $theme {
            use crate::executor::Executor;
            use crate::wpt::{Variant, run, tests};
            use sansws_driver::Spawn;
            $(pub fn $test<E: Executor<Runtime: Spawn>>(variant: Variant) {
                run::<E>(variant, tests::$theme::$test);
            })*
        })*

        /// What `WPT.md` has to list.
        #[cfg(test)]
        pub(super) const TESTS: &[&str] = &[$($(concat!(stringify!($theme), "::", stringify!($test)),)*)*];

        /// Makes a `#[test]` of each web-platform-test; the arguments are an [`Executor`](crate::Executor), and a
        /// [`Variant`](crate::wpt::Variant).
        #[macro_export]
        macro_rules! wpt {
            ($d executor:ty, $d variant:ident) => {
                type Tested = $d executor;

                $(mod $theme {
                    $(#[test]
                    fn $test() {
                        $d crate::run(|| $d crate::wpt::table::$theme::$test::<super::Tested>($d crate::wpt::Variant::$d variant));
                    })*
                })*
            };
        }
    };
}

table! {
    $
    close {
        close_1000_reason
        close_1000_verify_code
        close_1000
        close_1005_verify_code
        close_1005
        close_2999_reason
        close_3000_reason
        close_3000_verify_code
        close_4999_reason
        close_reason_124bytes
        close_delayed
        close_ready_state_closed
        close_ready_state_closing
        close_server_initiated_close
        close_undefined
        close_invalid
    }
    create {
        create_ascii_sep_protocol_string
        create_blocked_port
        create_extensions_empty
        create_http_urls
        create_invalid_urls
        create_non_absolute_url
        create_non_ascii_protocol_string
        create_protocol_with_space
        create_protocols_repeated_case_insensitive
        create_protocols_repeated
        create_url_with_space
        create_url_with_windows_1252_encoding
        create_valid_url_array_protocols
        create_valid_url_binary_type_blob
        create_valid_url_protocol_empty
        create_valid_url_protocol_set_correctly
        create_valid_url_protocol_string
        create_valid_url_protocol
        create_valid_url
    }
    request {
        basic_auth
        referrer
    }
    send {
        send_0byte_data
        send_65k_data
        send_before_open
        send_binary_65k_arraybuffer
        send_binary_arraybuffer
        send_binary_arraybufferview_int16_offset
        send_binary_arraybufferview_uint16_offset_length
        send_binary_arraybufferview_uint32_offset
        send_binary_arraybufferview_uint8_offset_length
        send_binary_arraybufferview_uint8_offset
        send_binary_blob
        send_data
        send_paired_surrogates
        send_unicode_data
        buffered_amount_unchanged_by_sync_xhr
        send_many_64k_messages_with_backpressure
        extended_payload_length
    }
    binary {
        html_001
        html_002
        html_004
        html_005
    }
    closing_handshake {
        html_002
        html_003
        html_004
    }
    constructor {
        html_004
        html_007
        html_008
        html_009
        html_010
        html_011
        html_012
        html_013
        html_014
        html_016
        html_017
        html_018
        html_019
        html_020
        html_021
        html_022
    }
    interfaces_close_event {
        clean_close
        constructor
    }
    interfaces_web_socket_buffered_amount {
        buffered_amount_arraybuffer
        buffered_amount_blob
        buffered_amount_getting
        buffered_amount_initial
        buffered_amount_large
        buffered_amount_unicode
    }
    interfaces_web_socket_close {
        close_basic
        close_connecting_async
        close_connecting
        close_multiple
        close_nested
    }
    interfaces_web_socket_constants {
        html_001
    }
    interfaces_web_socket_events {
        html_015
        html_016
        html_020
    }
    interfaces_web_socket_extensions {
        html_001
    }
    interfaces_web_socket_protocol {
        protocol_initial
    }
    interfaces_web_socket_ready_state {
        html_001
        html_006
        html_007
        html_008
    }
    interfaces_web_socket_send {
        html_003
        html_007
        html_008
        html_009
        html_011
    }
    interfaces_web_socket_url {
        html_001
        resolve
    }
    keeping_connection_open {
        html_001
    }
    opening_handshake {
        html_001
        html_002
        html_003
        html_005
        html_006
        received_301_code
    }
    security {
        html_001
    }
    stream_tentative {
        abort
        backpressure_receive
        backpressure_send
        close
        constructor
        remote_close
        websocket_error
        write
    }
}
