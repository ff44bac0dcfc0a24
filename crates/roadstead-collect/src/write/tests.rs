//! Paths, and what a refusal shows of itself.

use super::*;

#[test]
fn a_network_of_any_name_stays_one_part_of_a_path() {
    assert_eq!(path_segment("shop_back"), "shop_back");
    assert_eq!(path_segment("../a b/c?d"), "..%2Fa%20b%2Fc%3Fd");
}

#[test]
fn a_refusal_does_not_show_what_the_engine_said() {
    let refusal = WriteRefusal::of_words(Doing::Pull, 500, "proxy https://bob:hunter2@r.example said no\n");
    assert_eq!(refusal.cause, DeployCause::PullFailed);
    let shown = format!("{refusal} {refusal:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(
        refusal.into_raw_text_to_be_redacted(),
        "proxy https://bob:hunter2@r.example said no"
    );
}

#[test]
fn a_host_that_went_away_is_told_from_an_engine_that_failed() {
    for (cause, deploy) in [
        (FaultCause::ConnectionLost, DeployCause::HostLost),
        (FaultCause::Refused, DeployCause::HostLost),
        (FaultCause::SshFailed, DeployCause::HostLost),
        (FaultCause::TimedOut, DeployCause::TimedOut),
        (FaultCause::BadAnswer, DeployCause::EngineError),
        (FaultCause::EngineError, DeployCause::EngineError),
    ] {
        assert_eq!(
            WriteRefusal::of_fault(fault(cause, "x")).cause,
            deploy,
            "{cause:?}"
        );
    }
}
