//! No secret is in what an event hands out, however it was printed.

use roadstead_logs::framing::Stream;
use roadstead_logs::{Assembler, Event};

fn events(lines: &[&str]) -> Vec<Event> {
    let mut events = Vec::new();
    let mut assembler = Assembler::new();
    for line in lines {
        assembler.push(Stream::Stdout, Some(1_000_000), line, &mut |event| {
            events.push(event)
        });
    }
    assembler.finish(&mut |event| events.push(event));
    events
}

fn told(events: &[Event]) -> String {
    events
        .iter()
        .map(|event| {
            format!(
                "{}\n{}\n{}\n",
                event.message,
                event.masked,
                event.lines.join("\n")
            )
        })
        .collect()
}

#[test]
fn a_key_printed_over_many_lines_is_taken_out_line_by_line() {
    let body = "MIIEpAIBAAKCAQEAx4UbaDzY5xjW6hc9jwN0mX33XpTDVW9WaN3f8cQ0rLkqT7vZ";
    let events = events(&[
        "2026-01-02 15:04:05,123 ERROR cannot read the key:",
        "-----BEGIN RSA PRIVATE KEY-----",
        body,
        body,
        "-----END RSA PRIVATE KEY-----",
    ]);
    let told = told(&events);
    assert!(told.contains("cannot read the key"), "{told}");
    assert!(!told.contains("MIIEpAIBAAKCAQEA"), "{told}");
}

#[test]
fn a_secret_whose_sign_is_escaped_in_the_line_is_taken_out_of_what_is_made_of_it() {
    for line in [
        r#"{"level":"error","message":"connect failed: user=x;password\u003dhunter2hunter"}"#,
        r#"{"level":"error","message":"refused","error":"token\u003a hunter2hunter"}"#,
        r#"{"level":"error","msg":"cannot reach postgres:\/\/app:hunter2hunter@db:5432\/shop"}"#,
    ] {
        let told = told(&events(&[line]));
        assert!(!told.is_empty(), "{line} is an error");
        assert!(!told.contains("hunter2hunter"), "{told}");
    }
}

#[test]
fn no_line_makes_a_masked_form_that_fills_a_disk() {
    let line = format!(
        r#"{{"level":"error","status":500,"method":"{}","path":"/x"}}"#,
        "M".repeat(200_000)
    );
    let events = events(&[&line]);
    assert!(events[0].masked.len() <= roadstead_logs::MASKED_BYTES);
}
