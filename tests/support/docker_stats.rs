//! What `docker stats --no-stream` prints, read back into numbers.

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// One row of `docker stats`, in the CLI's own rounding: four significant digits of memory, two decimals of CPU.
#[derive(Debug, Clone, PartialEq)]
pub struct CliStats {
    /// Full container id.
    pub engine_id: String,
    /// Memory in use by the CLI's formula.
    pub memory_used_bytes: f64,
    /// The limit shown beside it.
    pub memory_limit_bytes: f64,
    /// CPU cores (the CLI's percentage over 100).
    pub cpu_cores: f64,
    /// Received since start.
    pub network_rx_bytes: f64,
    /// Sent since start.
    pub network_tx_bytes: f64,
    /// Processes.
    pub pids: u32,
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "MemUsage")]
    memory: String,
    #[serde(rename = "CPUPerc")]
    cpu: String,
    #[serde(rename = "NetIO")]
    network: String,
    #[serde(rename = "PIDs")]
    pids: String,
}

/// Reads the lines of `docker stats --no-stream --no-trunc --format '{{json .}}'`.
///
/// # Errors
/// When a line is not what the CLI prints.
pub fn parse(printed: &str) -> Result<Vec<CliStats>> {
    printed
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(parse_line)
        .collect()
}

fn parse_line(line: &str) -> Result<CliStats> {
    let row: Row =
        serde_json::from_str(line).with_context(|| format!("not a row of docker stats: {line}"))?;
    let (memory_used_bytes, memory_limit_bytes) = parse_pair(&row.memory)?;
    let (network_rx_bytes, network_tx_bytes) = parse_pair(&row.network)?;
    let percent: f64 = row
        .cpu
        .trim_end_matches('%')
        .parse()
        .with_context(|| format!("not a percentage: {}", row.cpu))?;
    Ok(CliStats {
        engine_id: row.id,
        memory_used_bytes,
        memory_limit_bytes,
        cpu_cores: percent / 100.0,
        network_rx_bytes,
        network_tx_bytes,
        pids: row
            .pids
            .parse()
            .with_context(|| format!("not a count: {}", row.pids))?,
    })
}

fn parse_pair(text: &str) -> Result<(f64, f64)> {
    let (left, right) = text
        .split_once(" / ")
        .with_context(|| format!("not two sizes: {text}"))?;
    Ok((parse_size(left)?, parse_size(right)?))
}

/// A size as the CLI writes it: binary units with an `i`, decimal ones without.
fn parse_size(text: &str) -> Result<f64> {
    let at = text
        .find(|c: char| c.is_ascii_alphabetic())
        .with_context(|| format!("no unit: {text}"))?;
    let (number, unit) = text.split_at(at);
    let factor = match unit {
        "B" => 1.0,
        "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        "TiB" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => anyhow::bail!("not a unit of docker stats: {text}"),
    };
    let number: f64 = number.parse().with_context(|| format!("not a size: {text}"))?;
    Ok(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_the_cli_becomes_numbers() {
        let line = r#"{"BlockIO":"0B / 0B","CPUPerc":"99.83%","Container":"ab","ID":"abc","MemPerc":"50.46%","MemUsage":"64.59MiB / 128MiB","Name":"a1","NetIO":"1.2kB / 0B","PIDs":"3"}"#;
        let row = &parse(line).unwrap()[0];
        assert_eq!(row.memory_limit_bytes, 134_217_728.0);
        assert!((row.memory_used_bytes - 67_727_523.84).abs() < 0.01);
        assert_eq!(row.network_rx_bytes, 1200.0);
        assert!((row.cpu_cores - 0.9983).abs() < 1e-9);
        assert_eq!(row.pids, 3);
    }

    #[test]
    fn a_stopped_container_is_an_error_and_not_a_zero() {
        let line = r#"{"CPUPerc":"--","ID":"abc","MemUsage":"-- / --","NetIO":"--","PIDs":"--"}"#;
        assert!(parse(line).is_err());
    }
}
