//! The example `classify`, as operators run it: one answer for each line, in order.

use std::io::{self, Write};
use std::process::{Command, Output, Stdio};

/// The example stands beside the folder that the tests run from, where all targets are built.
fn classify(arguments: &[&str], input: &str) -> io::Result<Output> {
    let tests = std::env::current_exe()?;
    let mut running = Command::new(tests.with_file_name("../examples/classify"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut given) = running.stdin.take() {
        given.write_all(input.as_bytes())?;
    }
    running.wait_with_output()
}

fn answers(output: &Output) -> serde_json::Result<Vec<serde_json::Value>> {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(serde_json::from_str)
        .collect()
}

#[test]
fn each_line_is_answered_in_order_though_two_streams_come_in_one() -> io::Result<()> {
    let output = classify(
        &[],
        &[
            r#"{"line":"2026-01-02 15:04:05 ERROR no till","ts_ms":1720375099061}"#,
            r#"{"line":"all is well","ts_ms":1720375099061.5,"stream":"stderr"}"#,
            r#"{"line":"    at shop.Till.open(Till.java:3)","ts_ms":1720375099062}"#,
            r#"{"line":"x","line_b64":"RVJST1I6IG5vIHRpbGz/","ts_ms":1720375199062}"#,
            "",
        ]
        .join("\n"),
    )?;
    assert!(output.status.success());
    let answers = answers(&output)?;
    let told: Vec<_> = answers
        .iter()
        .map(|answer| {
            (
                answer["severity"].as_str().unwrap(),
                answer["starts_event"] == true,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("error", true),
            ("other", true),
            ("error", false),
            ("error", true)
        ]
    );
    assert_eq!(answers[0]["fingerprint"], answers[2]["fingerprint"]);
    Ok(())
}

#[test]
fn a_line_that_cannot_be_read_is_told_and_the_others_are_answered() -> io::Result<()> {
    let output = classify(
        &[],
        "{\"line\":\"ERROR: a\"}\n\nno object\n{\"line\":\"ERROR: \\udcff b\"}\n",
    )?;
    assert_eq!(output.status.code(), Some(1));
    let answers = answers(&output)?;
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[0]["severity"], "error");
    assert!(answers[1]["unread"].is_string() && answers[2]["unread"].is_string());
    assert_eq!(answers[3]["severity"], "error");
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 3: "));
    Ok(())
}

#[test]
fn bare_lines_are_answered_by_a_table_with_the_masked_form() -> io::Result<()> {
    let output = classify(&["--plain"], "ERROR: no till 12 for otto@shop.example\n")?;
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.starts_with("error  1-"), "{table}");
    assert!(table.contains("= no till <N> for <*>"), "{table}");
    assert!(!table.contains("otto"), "{table}");
    Ok(())
}
