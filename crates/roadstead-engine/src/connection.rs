//! The life of one host's connection, as numbers and one state. Pure: times come from the caller.

use roadstead_model::Fault;

use crate::wire::{Connection, HostState, PastFault};

/// First pause after a failed attempt.
const FIRST_RETRY_MS: i64 = 1_000;
/// Longest pause between attempts: a healed host is seen within half a minute.
const LONGEST_RETRY_MS: i64 = 30_000;

/// The connection of one host since the app was started.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionLog {
    connection: Connection,
    failures_in_a_row: u32,
    was_connected: bool,
}

/// What an observation turned, for the list of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It answers again, or for the first time.
    Connected,
    /// It stopped answering.
    Lost(Fault),
}

impl ConnectionLog {
    /// A host nobody has asked yet.
    #[must_use]
    pub(crate) fn new(paused: bool) -> Self {
        Self {
            connection: Connection {
                state: if paused {
                    HostState::Paused
                } else {
                    HostState::Connecting
                },
                round_trip_ms: None,
                reconnects: 0,
                last_fault: None,
                ticks: 0,
                ticks_missed: 0,
                last_round_ms: None,
                last_round_failures: 0,
            },
            failures_in_a_row: 0,
            was_connected: false,
        }
    }

    /// As the window sees it.
    #[must_use]
    pub(crate) fn wire(&self) -> &Connection {
        &self.connection
    }

    /// Whether it answers now.
    #[must_use]
    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.connection.state, HostState::Connected { .. })
    }

    /// The engine answered a first request.
    pub(crate) fn connected(&mut self, now_ms: i64, round_trip_ms: f64) -> Option<Turn> {
        self.connection.round_trip_ms = Some(round_trip_ms);
        self.failures_in_a_row = 0;
        if self.is_connected() {
            return None;
        }
        if self.was_connected {
            self.connection.reconnects += 1;
        }
        self.was_connected = true;
        self.connection.state = HostState::Connected { since_ms: now_ms };
        Some(Turn::Connected)
    }

    /// An attempt or a request failed. The pause doubles from one second to half a minute.
    pub(crate) fn failed(&mut self, now_ms: i64, fault: Fault) -> Option<Turn> {
        let pause = FIRST_RETRY_MS << self.failures_in_a_row.min(5);
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        let next_try_ms = now_ms + pause.min(LONGEST_RETRY_MS);
        self.connection.last_fault = Some(PastFault {
            at_ms: now_ms,
            fault: fault.clone(),
        });
        let (since_ms, turn) = match &self.connection.state {
            HostState::Unreachable { since_ms, .. } => (*since_ms, None),
            _ => (now_ms, Some(Turn::Lost(fault.clone()))),
        };
        self.connection.state = HostState::Unreachable {
            since_ms,
            fault,
            next_try_ms,
        };
        turn
    }

    /// How long to wait before the next attempt.
    #[must_use]
    pub(crate) fn wait_ms(&self, now_ms: i64) -> i64 {
        match self.connection.state {
            HostState::Unreachable { next_try_ms, .. } => (next_try_ms - now_ms).clamp(0, LONGEST_RETRY_MS),
            _ => 0,
        }
    }

    /// The operator paused it.
    pub(crate) fn paused(&mut self) {
        self.connection.state = HostState::Paused;
        self.failures_in_a_row = 0;
        self.was_connected = false;
    }

    /// The operator resumed it, changed it, or asked to try at once.
    pub(crate) fn starting(&mut self) {
        self.failures_in_a_row = 0;
        if !matches!(self.connection.state, HostState::Unreachable { .. }) {
            self.connection.state = HostState::Connecting;
        }
    }

    /// Ticks were due and could not be taken.
    pub(crate) fn skipped(&mut self, ticks: u32) {
        self.connection.ticks_missed = self.connection.ticks_missed.saturating_add(ticks);
    }

    /// One round was taken; `missed` ticks were due since the one before and were not.
    pub(crate) fn ticked(&mut self, round_ms: f64, failures: u32, missed: u32) {
        self.connection.ticks = self.connection.ticks.saturating_add(1);
        self.connection.ticks_missed = self.connection.ticks_missed.saturating_add(missed);
        self.connection.last_round_ms = Some(round_ms);
        self.connection.last_round_failures = failures;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadstead_model::FaultCause;

    fn refused() -> Fault {
        Fault::new(FaultCause::Refused, "nothing listens")
    }

    #[test]
    fn pauses_double_to_half_a_minute_and_start_over_after_success() {
        let mut log = ConnectionLog::new(false);
        let mut waits = Vec::new();
        for _ in 0..7 {
            log.failed(0, refused());
            waits.push(log.wait_ms(0));
        }
        assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        log.connected(0, 1.0);
        log.failed(0, refused());
        assert_eq!(log.wait_ms(0), 1_000);
    }

    #[test]
    fn an_outage_keeps_its_beginning_and_turns_once() {
        let mut log = ConnectionLog::new(false);
        assert_eq!(log.connected(0, 1.0), Some(Turn::Connected));
        assert_eq!(log.failed(10, refused()), Some(Turn::Lost(refused())));
        assert_eq!(log.failed(2_000, refused()), None);
        assert!(matches!(
            log.wire().state,
            HostState::Unreachable { since_ms: 10, .. }
        ));
        assert_eq!(log.connected(5_000, 1.0), Some(Turn::Connected));
        assert_eq!(log.wire().reconnects, 1);
        assert_eq!(
            log.wire().last_fault.as_ref().map(|f| f.at_ms),
            Some(2_000),
            "the last fault stays in sight"
        );
    }

    #[test]
    fn the_first_connection_is_no_reconnect() {
        let mut log = ConnectionLog::new(false);
        log.failed(0, refused());
        log.connected(1, 1.0);
        assert_eq!(log.wire().reconnects, 0);
    }
}
