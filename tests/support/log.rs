//! What the program writes to its log, to the last detail, and what must not be in it.

use std::io::Write;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Everything that is logged on this thread until it is dropped: a test on one thread has all of its program's.
#[derive(Debug)]
pub struct CapturedLog {
    text: Lines,
    _guard: DefaultGuard,
}

impl CapturedLog {
    /// Begins to keep what is logged, at every level.
    #[must_use]
    pub fn begin() -> Self {
        let text = Lines::default();
        let into = text.clone();
        let guard = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(move || into.clone())
            .finish()
            .set_default();
        Self { text, _guard: guard }
    }

    /// What was logged so far.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = self.text.0.lock();
        bytes
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }
}

#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .map_err(|_| std::io::Error::other("poisoned"))?
            .write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// How a secret can be told: as it is, and in the middle of anything that is encoded in base64.
#[must_use]
pub fn forms_of(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(secret.as_bytes());
        // The characters that stand for bits of the secret alone.
        let own = (before * 8).div_ceil(6)..bytes.len() * 8 / 6;
        for encoding in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            forms.push(encoding.encode(&bytes)[own.clone()].to_owned());
        }
    }
    forms.sort();
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    #[test]
    fn a_secret_is_known_again_wherever_it_stands_in_an_encoded_text() {
        let secret = "h?r~bour>4711";
        let forms = forms_of(secret);
        for around in 0..9 {
            let text = format!("{}{secret}{}", "a".repeat(around), "\"}".repeat(around));
            for told in [text.clone(), STANDARD.encode(&text), URL_SAFE.encode(&text)] {
                assert!(forms.iter().any(|form| told.contains(form)), "{told}");
            }
        }
        let other = STANDARD.encode("operator:another");
        assert!(!forms.iter().any(|form| other.contains(form)));
    }
}
