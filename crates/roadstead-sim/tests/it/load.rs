use std::time::Instant;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use roadstead_sim::{FleetPlan, LogLoad, SimClock, serve_fleet};

use crate::support::{NOON_MS, fleet, serve};

/// User and system time of this process, seconds.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    // utime and stime are the 14th and 15th fields of the line, in hundredths of a second on Linux.
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_hosts_answer_a_round_of_all_their_containers() {
    let fleet = fleet(FleetPlan {
        hosts: 100,
        containers_per_host: 20,
        ..FleetPlan::default()
    });
    let directory = tempfile::tempdir().unwrap();
    let clock = SimClock::stepped(NOON_MS);
    let serving = serve_fleet(&fleet, &clock, directory.path()).unwrap();
    assert_eq!(serving.len(), 100);
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let rounds = serving.iter().map(|host| {
        let ids: Vec<String> = host
            .sim()
            .host()
            .berths()
            .iter()
            .map(|berth| berth.container_id(berth.moment_at(NOON_MS).unwrap().generation).0)
            .collect();
        let path = host.socket_path().to_owned();
        tokio::spawn(async move {
            let stream = tokio::net::UnixStream::connect(path).await.unwrap();
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
                .await
                .unwrap();
            tokio::spawn(connection);
            let mut bytes = 0;
            for id in ids {
                let request =
                    hyper::Request::get(format!("/v1.41/containers/{id}/stats?stream=false&one-shot=true"))
                        .body(Empty::<Bytes>::new())
                        .unwrap();
                sender.ready().await.unwrap();
                let response = sender.send_request(request).await.unwrap();
                assert!(response.status().is_success());
                bytes += response.into_body().collect().await.unwrap().to_bytes().len();
            }
            bytes
        })
    });
    let mut bytes = 0;
    for round in rounds.collect::<Vec<_>>() {
        bytes += round.await.unwrap();
    }
    let asked: u64 = serving.iter().map(|host| host.sim().requests()).sum();
    assert_eq!(asked, 2_000, "every container was asked for once");
    assert!(bytes / 2_000 > 900, "whole answers: {} bytes each", bytes / 2_000);
    println!(
        "one round of 2000 stats: {:.3} s, {:.3} s of CPU for both sides",
        began.elapsed().as_secs_f64(),
        cpu_seconds() - cpu
    );
    for host in serving {
        host.stop().await;
    }
    assert_eq!(
        std::fs::read_dir(directory.path()).unwrap().count(),
        0,
        "no socket is left"
    );
}

/// The lines of an answer in frames: stream and text with its stamp.
fn lines(mut answer: &[u8]) -> Vec<(u8, String)> {
    let mut lines = Vec::new();
    while let [stream, 0, 0, 0, a, b, c, d, rest @ ..] = answer {
        let (text, next) = rest.split_at(u32::from_be_bytes([*a, *b, *c, *d]) as usize);
        lines.push((*stream, String::from_utf8(text.to_vec()).unwrap()));
        answer = next;
    }
    assert!(answer.is_empty(), "whole frames");
    lines
}

#[tokio::test]
async fn what_only_prints_can_be_read_in_parts_and_every_line_is_there_once() {
    let load = LogLoad {
        lines_per_s: 500,
        from_ms: NOON_MS,
        seconds: 20,
    };
    let fleet = fleet(FleetPlan {
        hosts: 1,
        containers_per_host: 3,
        log_load: Some(load),
        ..FleetPlan::default()
    });
    let clock = SimClock::stepped(NOON_MS - 1);
    let served = serve(&fleet, 0, &clock);
    let listed = served.json("/containers/json").await;
    assert_eq!(listed.as_array().unwrap().len(), 3, "all run");
    let name = fleet.hosts()[0].berths()[1].name();
    let path = format!("/containers/{name}/logs?stdout=1&stderr=1&timestamps=1");
    let (_, nothing) = served.get(&path).await.unwrap();
    assert!(nothing.is_empty(), "nothing is printed before it begins");

    // Parts as a reader asks for them: from the last stamp on, whose lines are told again.
    let mut parts: Vec<(u8, String)> = Vec::new();
    for step in 1..=8 {
        clock.step_to(NOON_MS + step * 2_717);
        let since = parts.last().map_or_else(String::new, |(_, line)| {
            let at = chrono::DateTime::parse_from_rfc3339(&line[..30]).unwrap();
            format!("&since={}.{:09}", at.timestamp(), at.timestamp_subsec_nanos())
        });
        let (_, answer) = served.get(&format!("{path}{since}")).await.unwrap();
        let part = lines(&answer);
        let again = parts.len() - parts.iter().rev().take_while(|line| part.contains(line)).count();
        assert!(parts.is_empty() || again < parts.len(), "since is inclusive");
        parts.truncate(again);
        parts.extend(part);
    }
    let (_, whole) = served.get(&path).await.unwrap();
    assert_eq!(parts, lines(&whole));
    assert_eq!(parts.len() as u64, load.totals().lines);
    let (_, tail) = served.get(&format!("{path}&tail=7")).await.unwrap();
    assert_eq!(lines(&tail), parts[parts.len() - 7..]);
}
