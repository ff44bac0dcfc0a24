//! Asking for one answer many times: how long each took, and what they cost.

use std::time::Instant;

use anyhow::Context as _;

use crate::figure::{Figure, Reach};
use crate::timing::{Latencies, Whose, cpu_time, elapsed_ms};

/// What many answers took.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) latencies: Latencies,
    /// CPU of all threads, per answer. On a busy machine it tells more than the time.
    pub(crate) cpu_ms: f64,
    /// Size of the last answer.
    pub(crate) bytes: usize,
}

impl Answers {
    /// Asks `runs` times, one after the other; `ask` is given the number of the run.
    pub(crate) async fn ask<F>(runs: u32, ask: impl Fn(u32) -> F) -> anyhow::Result<Self>
    where
        F: Future<Output = anyhow::Result<Vec<u8>>>,
    {
        let cpu_before = cpu_time(Whose::Ours)?;
        let mut times_ms = Vec::with_capacity(runs as usize);
        let mut bytes = 0;
        for run in 0..runs {
            let started = Instant::now();
            let answer = ask(run).await?;
            times_ms.push(elapsed_ms(started));
            bytes = answer.len();
        }
        let cpu = cpu_time(Whose::Ours)?.saturating_sub(cpu_before);
        Ok(Self {
            latencies: Latencies::of(times_ms),
            cpu_ms: cpu.as_secs_f64() * 1_000.0 / f64::from(runs),
            bytes,
        })
    }

    /// Median, 99th percentile and CPU, the names ending with `suffix`, beside how long another way takes.
    pub(crate) fn figures(
        &self,
        bench: &'static str,
        suffix: &str,
        against: (&str, f64),
        most_ms: f64,
    ) -> anyhow::Result<[Figure; 3]> {
        let (name, theirs_ms) = against;
        let latency = |percent: u64| {
            let value = self.latencies.percentile_ms(percent).context("no run was made")?;
            anyhow::Ok(
                Figure::new(bench, format!("p{percent}_ms{suffix}"), value, "ms").against(name, theirs_ms),
            )
        };
        Ok([
            latency(50)?,
            latency(99)?.reach(Reach::AtMost(most_ms)),
            Figure::new(bench, format!("cpu_ms{suffix}"), self.cpu_ms, "ms"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_run_is_timed_and_its_number_given() {
        let answers = Answers::ask(20, |run| async move {
            tokio::time::sleep(std::time::Duration::from_millis(if run == 7 { 30 } else { 1 })).await;
            Ok(vec![0; run as usize])
        })
        .await
        .unwrap();
        assert_eq!(answers.bytes, 19);
        assert!(answers.latencies.percentile_ms(99).unwrap() >= 30.0);
        assert!(answers.latencies.percentile_ms(50).unwrap() < 30.0);
        let [_, p99, _] = answers
            .figures("fleet", "_24h", ("seed_sql", 10.0), 20.0)
            .unwrap();
        assert!(p99.is_named("p99_ms_24h") && !p99.is_reached());
    }

    #[tokio::test]
    async fn a_refused_command_is_no_measurement() {
        let refused = Answers::ask(3, |_| async { anyhow::bail!("refused") }).await;
        assert!(refused.is_err());
    }
}
