//! Opens a web address in the user's browser; no other kind of address, since it may come from container labels.

use std::fmt::Display;

use roadstead_engine::wire::WireError;
use serde::Deserialize;
use url::Url;

/// No address that a page shows is longer.
const LONGEST_ADDRESS_BYTES: usize = 2_048;

/// Which address.
#[derive(Debug, Deserialize)]
pub(crate) struct OpenExternal {
    /// An `http://` or `https://` address.
    url: String,
}

/// Opens the address in the browser.
///
/// # Errors
/// `Invalid` for an address that is not `http` or `https`, `Internal` when no browser could be started.
#[tauri::command]
pub(crate) async fn open_external(request: OpenExternal) -> Result<(), WireError> {
    let url = allowed(&request.url)?;
    tokio::task::spawn_blocking(move || tauri_plugin_opener::open_url(url.as_str(), None::<&str>))
        .await
        .map_err(failed)?
        .map_err(failed)
}

fn allowed(text: &str) -> Result<Url, WireError> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && text.len() <= LONGEST_ADDRESS_BYTES)
        .ok_or_else(|| {
            let message = format!(
                "only http and https addresses of at most {LONGEST_ADDRESS_BYTES} bytes can be opened in the browser"
            );
            WireError::invalid("url", "link.not_allowed", message)
        })
}

fn failed(reason: impl Display) -> WireError {
    WireError {
        key: "error.link.no_browser".to_owned(),
        message: format!("the browser could not be started: {reason}"),
        ..WireError::internal(reason)
    }
}

#[cfg(test)]
mod tests {
    use roadstead_engine::wire::ErrorCode;

    use super::*;

    #[test]
    fn web_addresses_are_opened_and_nothing_else() {
        for text in ["https://example.org/a?b=c", "http://localhost:8080/"] {
            assert_eq!(allowed(text).unwrap().as_str(), text);
        }
        for text in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "vscode://x",
            "example.org",
            "",
            "-h",
        ] {
            assert_eq!(allowed(text).unwrap_err().code, ErrorCode::Invalid, "{text}");
        }
        assert!(allowed(&format!("https://example.org/{}", "a".repeat(2_048))).is_err());
    }
}
