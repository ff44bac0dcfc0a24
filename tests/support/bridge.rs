//! Bridge interfaces of engines, removed with them: an engine leaves those it makes behind when it ends.

use std::path::Path;
use std::process::Command as BlockingCommand;

use anyhow::{Context as _, Result, bail};

use crate::program::program;

/// A bridge interface, removed when dropped.
#[derive(Debug)]
pub(crate) struct Bridge {
    pub(crate) name: String,
    /// The first three numbers of its addresses, e.g. `10.129.7`.
    pub(crate) prefix: String,
}

impl Bridge {
    /// A random name and a random /24 of 10.128.0.0/9, for a bridge that somebody makes.
    pub(crate) fn plan() -> Result<Self> {
        let [a, b, c, d, ..] = *uuid_bytes()?;
        Ok(Self {
            name: format!("rs{a:02x}{b:02x}{c:02x}{d:02x}"),
            prefix: format!("10.{}.{b}", a | 0x80),
        })
    }

    /// Makes a bridge of its own.
    pub(crate) fn make() -> Result<Self> {
        let bridge = Self::plan()?;
        let address = format!("{}.1/24", bridge.prefix);
        ip(&["link", "add", &bridge.name, "type", "bridge"])?;
        ip(&["addr", "add", &address, "dev", &bridge.name])?;
        ip(&["link", "set", &bridge.name, "up"])?;
        Ok(bridge)
    }
}

impl Drop for Bridge {
    #[allow(
        clippy::print_stderr,
        reason = "a drop returns nothing, and a bridge left behind must be known"
    )]
    fn drop(&mut self) {
        // One that was only planned, or that its engine has removed.
        if !Path::new("/sys/class/net").join(&self.name).exists() {
            return;
        }
        if let Err(reason) = ip(&["link", "delete", &self.name]) {
            eprintln!("the bridge {} stays: {reason:#}", self.name);
        }
    }
}

/// Random bytes from the kernel, for names two test runs must not share.
fn uuid_bytes() -> Result<Box<[u8; 16]>> {
    let text =
        std::fs::read_to_string("/proc/sys/kernel/random/uuid").context("the kernel gives no random id")?;
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let number = u128::from_str_radix(&digits, 16)?;
    Ok(Box::new(number.to_be_bytes()))
}

fn ip(arguments: &[&str]) -> Result<()> {
    let ended = BlockingCommand::new(program("ip")?).args(arguments).output()?;
    if !ended.status.success() {
        bail!(
            "ip {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&ended.stderr).trim()
        );
    }
    Ok(())
}
