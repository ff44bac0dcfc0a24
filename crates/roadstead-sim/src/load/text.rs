//! What the lines of a container that only prints say.

use bytes::{BufMut, BytesMut};
use chrono::{DateTime, Utc};

use super::{CYCLE, JAVA, NODE, NS_PER_S, PYTHON};

/// A stamp as engines write it, remade only where it differs from the last one.
#[derive(Debug, Default)]
pub(super) struct Stamp {
    second: i64,
    text: Vec<u8>,
}

impl Stamp {
    pub(super) fn set(&mut self, ns: i64) {
        let second = ns.div_euclid(NS_PER_S);
        if second != self.second || self.text.is_empty() {
            self.second = second;
            let at = DateTime::<Utc>::from_timestamp(second, 0).unwrap_or_default();
            self.text = at.format("%Y-%m-%dT%H:%M:%S.000000000Z").to_string().into_bytes();
        }
        let mut rest = ns.rem_euclid(NS_PER_S);
        for place in (20..29).rev() {
            self.text[place] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }
}

/// A line being written.
pub(super) struct Line<'a> {
    pub(super) number: i64,
    pub(super) out: &'a mut BytesMut,
}

impl Line<'_> {
    pub(super) fn print(mut self, stamp: &[u8]) {
        if !self.trouble(stamp) {
            self.calm(stamp);
        }
    }

    fn put(&mut self, text: &str) -> &mut Self {
        self.out.put_slice(text.as_bytes());
        self
    }

    fn put_stamp(&mut self, stamp: &[u8]) -> &mut Self {
        self.out.put_slice(stamp);
        self
    }

    /// A number that is another one in every line.
    fn put_number(&mut self, most: i64) -> &mut Self {
        let mut digits = [0; 20];
        let mut at = digits.len();
        let mut rest = self.number.wrapping_mul(7_919) % most;
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.out.put_slice(&digits[at..]);
        self
    }

    /// Writes what is wrong in this place of the cycle, if anything is.
    fn trouble(&mut self, stamp: &[u8]) -> bool {
        match self.number % CYCLE {
            110 => {
                self.put("{\"level\":\"error\",\"time\":\"").put_stamp(stamp);
                self.put("\",\"msg\":\"cannot write part ").put_number(90_000);
                self.put(": no space left on device\"}");
            }
            290 => {
                self.put("ts=")
                    .put_stamp(stamp)
                    .put(" level=warn msg=\"slow query took ");
                self.put_number(9_000).put(" ms\"");
            }
            JAVA => {
                self.put_stamp(stamp)
                    .put(" ERROR [worker-3] org.example.shop.Orders - order ");
                self.put_number(90_000).put(" failed");
            }
            618 => {
                self.put("ValueError: could not parse page ").put_number(90);
            }
            777 => {
                self.put_stamp(stamp).put(" [WARN] disk usage at ").put_number(90);
                self.put(" %, cleaning up");
            }
            NODE => {
                self.put("Error: connect ECONNREFUSED 10.0.4.")
                    .put_number(250)
                    .put(":5432");
            }
            place => match fixed(place) {
                Some(line) => {
                    self.put(line);
                }
                None => return false,
            },
        }
        true
    }

    fn calm(&mut self, stamp: &[u8]) {
        match self.number % 5 {
            0 => {
                self.put("{\"level\":\"info\",\"time\":\"").put_stamp(stamp);
                self.put("\",\"request_id\":\"r-").put_number(9_999_991);
                self.put("\",\"msg\":\"request completed\",\"status\":200,\"path\":\"/api/assets/")
                    .put_number(90_001);
                self.put("\"}");
            }
            1 => {
                self.put("ts=").put_stamp(stamp);
                self.put(" level=info component=main msg=\"GET /api/users/")
                    .put_number(90_001);
                self.put(" answered 200\" took_ms=").put_number(811);
            }
            2 => {
                self.put_stamp(stamp)
                    .put(" INFO [worker-2] org.example.shop.Orders - order ");
                self.put_number(90_001)
                    .put(" was placed, queue holds ")
                    .put_number(600);
            }
            3 => {
                self.put("10.0.1.").put_number(250);
                self.put(" - - [01/Jun/2025:12:00:00 +0000] \"GET /assets/app-")
                    .put_number(90_001);
                self.put(".js HTTP/1.1\" 200 ").put_number(40_009);
                self.put(" \"-\" \"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Firefox/127.0\"");
            }
            _ => {
                self.put_stamp(stamp)
                    .put(" [INFO] cache holds ")
                    .put_number(90_001);
                self.put(" entries, 0 errors since the last look");
            }
        }
    }
}

/// Lines of traces that are always the same.
fn fixed(place: i64) -> Option<&'static str> {
    Some(match place {
        434 => "java.lang.IllegalStateException: pool exhausted",
        435 => "\tat org.example.pool.Pool.take(Pool.java:120)",
        436 => "\tat org.example.shop.Orders.place(Orders.java:57)",
        437 => "\tat java.base/java.lang.Thread.run(Thread.java:1583)",
        438 => "Caused by: java.sql.SQLException: no connection within 30000 ms",
        439 => "\tat org.example.pool.Pool.open(Pool.java:88)",
        440 => "\t... 3 more",
        PYTHON => "Traceback (most recent call last):",
        612 => "  File \"/app/worker/tasks.py\", line 41, in run",
        614 => "    result = consume(document)",
        616 => "  File \"/app/worker/consumer.py\", line 88, in consume",
        906 => "    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16)",
        907 => "    at Pool.take (/usr/src/app/lib/pool.js:88:11)",
        908 => "    at Api.get (/usr/src/app/src/api.js:31:5)",
        _ => return None,
    })
}
