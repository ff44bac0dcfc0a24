//! The ways a simulated engine fails.

use std::str::FromStr;
use std::time::Duration;

/// The ways a simulated engine fails. Switching drops the connections open at that moment, as a failing network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The socket file is there, nobody listens.
    Refuse,
    /// The socket file is gone.
    SocketGone,
    /// Accepts, and never answers.
    Hang,
    /// Answers after this long.
    Slow(Duration),
    /// Sends half of each answer and closes.
    Cut,
    /// Sends bytes that are no HTTP and closes.
    Garbage,
    /// Answers in HTTP with what is no JSON.
    BadJson,
    /// Answers everything with the engine's own error 500.
    Error500,
    /// Speaks no API newer than 1.23.
    WrongVersion,
    /// Answers `_ping` and `version` as ever and everything else without end.
    Huge,
    /// Is a web server with a page, and no engine.
    NotAnEngine,
    /// Comes and goes: well for `up`, refusing for `down`, of real time.
    Flapping {
        /// How long it is well.
        up: Duration,
        /// How long it refuses.
        down: Duration,
    },
}

/// Why the name of a fault was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{0}” is not a fault: use refuse, socket_gone, hang, slow[:MS], cut, garbage, bad_json, error_500, wrong_version, huge, \
     not_an_engine or flapping[:UP_MS,DOWN_MS], with milliseconds from 1 to 3600000"
)]
pub struct FaultError(pub String);

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let refused = || FaultError(text.to_owned());
        let (name, amount) = match text.split_once(':') {
            Some((name, amount)) => (name, Some(amount)),
            None => (text, None),
        };
        let duration = |text: &str| match text.trim().parse::<u64>() {
            Ok(ms @ 1..=3_600_000) => Ok(Duration::from_millis(ms)),
            _ => Err(refused()),
        };
        Ok(match (name, amount) {
            ("slow", None) => Self::Slow(Duration::from_secs(2)),
            ("slow", Some(amount)) => Self::Slow(duration(amount)?),
            ("flapping", None) => Self::Flapping {
                up: Duration::from_secs(30),
                down: Duration::from_secs(30),
            },
            ("flapping", Some(amount)) => {
                let (up, down) = amount.split_once(',').ok_or_else(refused)?;
                Self::Flapping {
                    up: duration(up)?,
                    down: duration(down)?,
                }
            }
            (_, Some(_)) => return Err(refused()),
            ("refuse", None) => Self::Refuse,
            ("socket_gone", None) => Self::SocketGone,
            ("hang", None) => Self::Hang,
            ("cut", None) => Self::Cut,
            ("garbage", None) => Self::Garbage,
            ("bad_json", None) => Self::BadJson,
            ("error_500", None) => Self::Error500,
            ("wrong_version", None) => Self::WrongVersion,
            ("huge", None) => Self::Huge,
            ("not_an_engine", None) => Self::NotAnEngine,
            _ => return Err(refused()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_by_name_with_their_times() {
        assert_eq!("hang".parse(), Ok(Fault::Hang));
        assert_eq!("slow:250".parse(), Ok(Fault::Slow(Duration::from_millis(250))));
        assert_eq!(
            "flapping:100,50".parse(),
            Ok(Fault::Flapping {
                up: Duration::from_millis(100),
                down: Duration::from_millis(50)
            })
        );
    }

    #[test]
    fn what_is_no_fault_is_refused_with_what_is_allowed() {
        for text in [
            "",
            "hangs",
            "hang:5",
            "slow:0",
            "slow:x",
            "slow:3600001",
            "flapping:5",
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains("not_an_engine"), "{error}");
        }
    }
}
