//! Heads of syslog, of the kernel and of Redis: host, program and process stand before the message.

use super::{Walk, blank, byte, close, skip_separators, skip_spaces, token};
use crate::Severity;
use crate::{level, time};

impl Walk<'_> {
    /// `1:M 02 Jan 2026 15:04:05.123 * message`: role, time, and a sign for the level.
    pub(super) fn redis_mark(&mut self) -> bool {
        let text = self.text;
        let digits = time::digits(text, 0);
        if !(1..=7).contains(&digits)
            || byte(text, digits) != b':'
            || !matches!(byte(text, digits + 1), b'X' | b'C' | b'S' | b'M')
            || !self.head.time
            || self.head.level.is_some()
            || !blank(byte(text, self.at + 1))
        {
            return false;
        }
        let severity = match byte(text, self.at) {
            b'#' => Severity::Warn,
            b'*' | b'-' | b'.' => Severity::Other,
            _ => return false,
        };
        self.head.level = Some(severity);
        self.commit(self.at + 1);
        true
    }

    /// `host program[12]: ` after a time of any shape.
    pub(super) fn names_a_process(&self) -> bool {
        let first = byte(self.text, self.at);
        // A level is no host.
        let level = self.text[self.at.min(self.text.len())..].first_chunk();
        if !first.is_ascii_alphanumeric() || matches!(level, Some(b"INFO" | b"WARN" | b"DEBU")) {
            return false;
        }
        let host = token(self.text, self.at);
        let program = skip_spaces(self.text, self.at + host);
        let tag = &self.text[program.min(self.text.len())..];
        if !byte(tag, 0).is_ascii_alphanumeric() {
            return false;
        }
        let tag = &tag[..token(tag, 0)];
        tag.strip_suffix(b"]:").is_some_and(|tag| {
            let digits = tag.iter().rev().take_while(|b| b.is_ascii_digit()).count();
            digits > 0 && tag.len() > digits + 1 && tag[tag.len() - digits - 1] == b'[' && tag[0] != b'['
        })
    }

    /// `host program[pid]: ` after the timestamp of a syslog line.
    pub(super) fn syslog(&mut self) {
        let host = token(self.text, self.at);
        let program = skip_separators(self.text, self.at + host);
        let length = token(self.text, program);
        let first = &self.text[self.at..self.at + host];
        if first.ends_with(b"]:") && !first.starts_with(b"[") {
            // A container has no host to name: `Jan  2 15:04:05 dnsmasq[1]: message`.
            self.head.syslog = true;
            self.commit(self.at + host);
            return;
        }
        if host == 0 || length == 0 || first.ends_with(b":") {
            return;
        }
        let tag = &self.text[program..program + length];
        if tag.ends_with(b":")
            && tag.len() > 1
            && !tag.starts_with(b"[")
            && level::of_word(&tag[..tag.len() - 1]).is_none()
        {
            self.head.syslog = true;
            self.commit(program + length);
            return;
        }
        // `com.apple.xpc.launchd[1] (com.apple.x.y): ` and `sshd: ` apart from its pid.
        if tag.ends_with(b"]") {
            let after = program + length + 1;
            if byte(self.text, after) == b'('
                && let Some(end) = close(self.text, after)
                && byte(self.text, end) == b':'
            {
                self.head.syslog = true;
                self.commit(end + 1);
            }
        }
    }

    /// `#12(worker) <3fa2c1>; `: a process with its name, and what it is busy with.
    pub(super) fn numbered_process(&mut self) {
        let digits = time::digits(self.text, self.at + 1);
        let open = self.at + 1 + digits;
        if digits == 0 || byte(self.text, open) != b'(' {
            return;
        }
        let Some(end) = close(self.text, open).filter(|end| blank(byte(self.text, *end))) else {
            return;
        };
        self.commit(end);
        if byte(self.text, self.at) == b'<'
            && let Some(end) = close(self.text, self.at).filter(|end| byte(self.text, *end) == b';')
        {
            self.commit(end);
        }
    }

    /// `134681 node-246 unix.hw state_change 1077804742 1 message`: what a cluster's machines report is numbered, and says
    /// its node, part and state before the seconds since 1970.
    pub(super) fn record(&mut self) -> bool {
        let number = time::digits(self.text, 0);
        if !(1..=9).contains(&number) || byte(self.text, number) != b' ' {
            return false;
        }
        let mut at = number + 1;
        for _ in 0..3 {
            let name = token(self.text, at);
            if name == 0 || !self.text[at].is_ascii_alphabetic() {
                return false;
            }
            at += name + 1;
        }
        let Some(end) = time::epoch(self.text, at).filter(|end| byte(self.text, *end) == b' ') else {
            return false;
        };
        let flag = time::digits(self.text, end + 1);
        if !(1..=3).contains(&flag) || byte(self.text, end + 1 + flag) != b' ' {
            return false;
        }
        self.head.time = true;
        self.commit(end + 1 + flag);
        true
    }

    /// `<3>` or `<165>1 ` of syslog and of the kernel.
    pub(super) fn priority(&mut self) -> bool {
        let length = time::digits(self.text, self.at + 1);
        let end = self.at + 1 + length;
        if !(1..=3).contains(&length) || byte(self.text, end) != b'>' || self.head.opens() {
            return false;
        }
        let number = self.text[self.at + 1..end]
            .iter()
            .fold(0, |n, b| n * 10 + u32::from(b - b'0'));
        if number > 191 {
            return false;
        }
        self.head.level = Some(level::of_syslog(number % 8));
        let version = byte(self.text, end + 1) == b'1' && byte(self.text, end + 2) == b' ';
        self.commit(end + if version { 3 } else { 1 });
        if let Some(end) = time::at(self.text, self.at) {
            self.time(end);
            if version {
                self.rfc_5424();
            }
        }
        true
    }

    /// `host app pid msgid -` or `… [id@1 k="v"]`
    fn rfc_5424(&mut self) {
        let mut at = self.at;
        for _ in 0..4 {
            at = skip_spaces(self.text, at + token(self.text, at));
        }
        let end = match byte(self.text, at) {
            b'-' => Some(at + 1),
            b'[' => close(self.text, at),
            _ => None,
        };
        if let Some(end) = end {
            self.head.syslog = true;
            self.commit(end);
        }
    }
}
