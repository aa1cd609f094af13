//! A proxy before an S3 service that spoils what passes.

#![allow(dead_code, reason = "tests and the benchmark each use their own part")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Instant;

/// What becomes of a request, by its method, path and headers.
pub enum Fate {
    /// Passed on as it is.
    Pass,
    /// Passed on without the headers that make it conditional.
    Unconditional,
    /// Answered with this status, and not passed on.
    Answer(&'static str),
    /// Passed on; the answer is lost.
    Lose,
    /// Passed on; the answer comes no sooner than this.
    NotBefore(Instant),
}

/// Starts one before `upstream` (`http://127.0.0.1:PORT`); its own endpoint.
pub fn start(upstream: &str, fate: impl Fn(&str, &str) -> Fate + Send + Sync + 'static) -> String {
    let upstream = upstream.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let fate = Arc::new(fate);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (upstream, fate) = (upstream.clone(), Arc::clone(&fate));
            std::thread::spawn(move || serve(stream, &upstream, &*fate));
        }
    });
    endpoint
}

/// One request a connection.
fn serve(mut client: TcpStream, upstream: &str, fate: &(dyn Fn(&str, &str) -> Fate + Send + Sync)) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut lines: Vec<String> = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 || line == "\r\n" {
            break;
        }
        lines.push(line);
    }
    let mut first = lines.first()?.split_whitespace();
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let header = |line: &str, name: &str| line.to_ascii_lowercase().starts_with(&format!("{name}:"));
    let length = lines.iter().find(|line| header(line, "content-length"));
    let length = length.and_then(|line| line.split(':').nth(1)?.trim().parse::<usize>().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let fate = fate(&method, &path);
    if let Fate::Answer(status) = fate {
        let text = "<Error><Code>Spoiled</Code><Message>by the proxy</Message></Error>";
        write!(client, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}", text.len())
            .ok()?;
        return Some(());
    }
    let mut server = TcpStream::connect(upstream).ok()?;
    for line in &lines {
        let conditional = header(line, "if-match") || header(line, "if-none-match");
        if header(line, "connection") || (conditional && matches!(fate, Fate::Unconditional)) {
            continue;
        }
        server.write_all(line.as_bytes()).ok()?;
    }
    server.write_all(b"Connection: close\r\n\r\n").ok()?;
    server.write_all(&body).ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).ok()?;
    if let Fate::NotBefore(moment) = fate {
        std::thread::sleep(moment.saturating_duration_since(Instant::now()));
    }
    if !matches!(fate, Fate::Lose) {
        client.write_all(&answer).ok()?;
    }
    Some(())
}
