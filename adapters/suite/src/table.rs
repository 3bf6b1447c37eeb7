//! The table: all rows by name, and the macros that make a test of each.

#![allow(missing_docs, reason = "the rows have theirs")]

/// `$d` is a dollar sign, for the macros inside.
macro_rules! table {
    (
        $d:tt
        every { $($theme:ident { $($row:ident)* })* }
        futures { $($ftheme:ident { $($frow:ident)* })* }
        tasks { $($ttheme:ident { $($trow:ident)* })* }
    ) => {
        /// Rows for all adapters.
        pub mod every {
            $(pub mod $theme {
                use crate::subject::Subject;
                $(pub fn $row(subject: &dyn Subject) {
                    crate::rows::$theme::$row(subject);
                })*
            })*
        }

        /// Rows for those with futures.
        pub mod futures {
            $(pub mod $ftheme {
                use crate::executor::Executor;
                $(pub fn $frow<E: Executor>() {
                    crate::rows::$ftheme::$frow::<E>();
                })*
            })*
        }

        /// Rows for those that run tasks by themselves.
        pub mod tasks {
            $(pub mod $ttheme {
                use crate::executor::Executor;
                use sansws_driver::Spawn;
                $(pub fn $trow<E: Executor<Runtime: Spawn>>() {
                    crate::rows::$ttheme::$trow::<E>();
                })*
            })*
        }

        /// Makes a `#[test]` of each row for all adapters; the argument is a [`Subject`](crate::Subject).
        #[macro_export]
        macro_rules! suite {
            ($d subject:expr) => {
                fn subject() -> impl $d crate::Subject {
                    $d subject
                }

                $(mod $theme {
                    $(#[test]
                    fn $row() {
                        $d crate::run(|| $d crate::every::$theme::$row(&super::subject()));
                    })*
                })*
            };
        }

        /// Makes a `#[test]` of each row, those about futures too; the argument is an
        /// [`Executor`](crate::Executor).
        #[macro_export]
        macro_rules! async_suite {
            ($d executor:ty) => {
                type Tested = $d executor;

                $d crate::suite!($d crate::Async::<Tested>::default());

                $(mod $ftheme {
                    $(#[test]
                    fn $frow() {
                        $d crate::run($d crate::futures::$ftheme::$frow::<super::Tested>);
                    })*
                })*
            };
        }

        /// Makes a `#[test]` of each row for those that run tasks by themselves; the argument is an
        /// [`Executor`](crate::Executor) of such a runtime.
        #[macro_export]
        macro_rules! task_suite {
            ($d executor:ty) => {
                type Spawning = $d executor;

                $(mod $ttheme {
                    $(#[test]
                    fn $trow() {
                        $d crate::run($d crate::tasks::$ttheme::$trow::<super::Spawning>);
                    })*
                })*
            };
        }
    };
}

table! {
    $
    every {
        open {
            the_first_protocol_that_both_know
            what_is_asked_and_answered_arrives
            extensions_only_if_offered
            frames_may_come_with_the_head
            a_head_may_come_byte_by_byte
            names_are_resolved
        }
        echo {
            every_size
            every_size_by_threads
            every_size_as_a_client
            many_in_one_packet
            many_fed_at_once
            one_byte_at_a_time
            fragments_around_control_frames
            pieces_as_they_arrive
            what_is_fed_leaves_with_next
            beyond_the_usual
        }
        control {
            pings_are_answered_while_reading
            pings_are_answered_while_sending
            pongs_that_nobody_asked_for_do_nothing
            pings_of_ours_are_answered_by_events
            all_is_an_event_for_those_who_ask
        }
        close {
            from_our_side
            from_the_peer
            from_both_at_once
            behind_what_is_queued
            while_the_peer_still_talks
            and_what_comes_behind_is_dropped
            with_a_code_that_is_none
            with_a_code_of_ours_that_is_none
            and_then_a_reset
        }
        vanish {
            without_closing
            in_the_middle_of_a_frame
            with_a_reset
            while_we_send
            while_we_close
            and_we_may_as_well
        }
        refused {
            clients_are_told_by_a_status
            clients_are_turned_away_by_the_program
            origins_are_a_choice
            what_may_smuggle
            half_a_request_is_none
            port_probes_do_no_harm
            servers_are_held_to_the_rules
            refusals_come_with_their_body
            redirects_are_not_followed
            a_port_where_nobody_listens
            a_server_that_resets
            what_cannot_be_asked
        }
        rules {
            are_told_both_ways
            are_told_while_sending
        }
        timeouts {
            silent_peers_are_dropped
            trickling_peers_are_dropped
            close_frames_must_be_answered
            close_frames_must_be_answered_by_talkers_too
            a_nearer_deadline_comes_first
            an_end_of_the_stream_is_not_waited_for_for_ever
            peers_must_read
            peers_must_read_what_they_asked_for
            silence_is_broken_by_pings_then_ended
            peers_that_answer_pings_are_kept
        }
        floods {
            pings_whose_answers_are_read
            pings_whose_answers_are_not_read
            pongs
            empty_fragments
            tiny_fragments
        }
        pressure {
            a_peer_that_does_not_read_holds_back_the_sender
            a_subject_that_does_not_read_holds_back_the_peer
        }
        deflate {
            every_way_to_echo
            what_others_compress
            bombs
        }
        tls {
            by_name_and_by_address
            every_way_to_echo
            a_big_message_each_way_at_a_time
            pings_are_answered
            refusals_arrive
            bad_certificates_are_refused
            and_none_at_the_other_end
            closing_ends_it_with_a_notice
            an_end_without_a_notice
            silent_peers_are_dropped
            trickling_peers_are_dropped
        }
    }
    futures {
        cancel {
            a_dropped_next_loses_nothing
            a_dropped_read_loses_nothing
            a_dropped_next_event_loses_nothing
            a_dropped_stream_item_is_not_lost
            a_dropped_serve_handles_each_message_once
            a_dropped_send_is_queued_once_or_not_at_all
            a_dropped_feed_is_queued_once_or_not_at_all
            a_dropped_sink_send_is_queued_once_or_not_at_all
            a_dropped_fragment_is_queued_once_or_not_at_all
            a_dropped_ping_is_queued_once_or_not_at_all
            a_dropped_flush_and_close_go_on
        }
        halves {
            a_stream_and_sink_echoes
            a_split_one_echoes
            a_stream_is_forwarded_into_its_sink
            two_tasks_write_and_read
            two_tasks_have_a_sink_and_a_stream
            many_tasks_send
            the_reader_sees_the_end_though_the_writer_closes
        }
        crowd {
            a_thousand_connections
        }
    }
    tasks {
        sockets {
            what_is_not_read_is_the_buffered_amount
        }
        streams {
            a_slow_reader_holds_back_the_server
            a_server_that_does_not_read_holds_back_writes
            all_who_wait_are_woken
            a_dropped_readable_closes
            a_dropped_writable_is_nothing
            all_dropped_close_behind_what_was_written
            a_dropped_attempt_is_given_up
            a_signal_ahead_connects_nothing
            a_signal_ends_all_attempts
            a_write_that_waits_for_its_turn
            a_close_frame_in_the_middle_of_a_write
            a_server_that_vanishes
            a_readable_is_forwarded_into_its_writable
            a_dropped_write_is_sent_once_or_not_at_all
            a_dropped_next_loses_nothing
        }
    }
}
