use std::time::Instant;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use roadstead_sim::{FleetPlan, SimClock, serve_fleet};

use crate::support::{NOON_MS, fleet};

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
