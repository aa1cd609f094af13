//! Sends spans in the background, some at a time. A receiver that is slow or gone holds up nothing: what it does not take is
//! lost, which is told once. What happened stands in the record in any case.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use reqwest::{StatusCode, Url};

use super::answer::{self, Partial};
use super::encode;
use super::settings::Settings;
use super::span::Ended;
use crate::render;

/// Spans that wait, at most.
const WAITING: usize = 8_192;
/// Spans of one request, at most.
const TOGETHER: usize = 512;
/// Spans wait for others so long.
const REST: Duration = Duration::from_secs(2);
/// Between attempts, for as long as nothing was given up yet.
const AGAIN: [u64; 2] = [1, 3];
/// For what still waits, when the process ends.
const END: Duration = Duration::from_secs(1);

/// The way to the receiver.
pub struct Exporter {
    queue: Option<SyncSender<Ended>>,
    thread: Option<std::thread::JoinHandle<()>>,
    lost: Arc<Lost>,
}

/// What was not taken.
struct Lost {
    /// Without a path, which may be secret.
    origin: String,
    spans: AtomicUsize,
    told: AtomicBool,
    warned: AtomicBool,
}

impl Lost {
    /// It took the others.
    fn warn(&self, sent: usize, partial: &Partial) {
        let Partial { rejected, message } = partial;
        let rejected = sent.min(*rejected);
        self.spans.fetch_add(rejected, Ordering::Relaxed);
        if self.warned.swap(true, Ordering::Relaxed) {
            return;
        }
        let (origin, why) = (&self.origin, if message.is_empty() { "it does not say why" } else { message.as_str() });
        render::note(&match rejected {
            0 => format!("{origin} takes the traces, and says: {why}"),
            _ => format!("{origin} took {} of {sent} spans: {why}; the run goes on", sent - rejected),
        });
    }

    fn tell(&self, spans: usize, why: &str) {
        self.spans.fetch_add(spans, Ordering::Relaxed);
        if !self.told.swap(true, Ordering::Relaxed) {
            render::note(&format!("traces do not reach {}: {why}; the run goes on without", self.origin));
        }
    }
}

impl Exporter {
    /// Sends what it is handed from now on.
    ///
    /// # Errors
    /// Where there is no thread or client for it.
    pub fn start(settings: Settings) -> Result<Exporter, String> {
        let Settings { url, headers, timeout, resource, parent: _ } = settings;
        let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let mut client = reqwest::Client::builder()
            .user_agent(concat!("tenure/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none());
        if here {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| format!("there is no client for them: {error}"))?;
        let cannot = |error: std::io::Error| format!("there is no thread for them: {error}");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
        let (queue, waiting) = sync_channel(WAITING);
        let origin = url.origin().ascii_serialization();
        let lost = Arc::new(Lost {
            origin,
            spans: AtomicUsize::new(0),
            told: AtomicBool::new(false),
            warned: AtomicBool::new(false),
        });
        let sending = Sending { url, client, resource, lost: Arc::clone(&lost) };
        let thread = std::thread::Builder::new()
            .name("traces".to_owned())
            .spawn(move || sending.run(&runtime, &waiting))
            .map_err(cannot)?;
        Ok(Exporter { queue: Some(queue), thread: Some(thread), lost })
    }

    /// One more span; it never waits.
    pub fn hand_over(&self, span: Ended) {
        if let Some(queue) = &self.queue
            && queue.try_send(span).is_err()
        {
            self.lost.tell(1, "it takes them too slowly");
        }
    }
}

/// What still waits is tried for a moment.
impl Drop for Exporter {
    fn drop(&mut self) {
        drop(self.queue.take());
        let end = Instant::now() + END;
        let Some(thread) = self.thread.take() else { return };
        while !thread.is_finished() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(2));
        }
        if !thread.is_finished() {
            self.lost.tell(0, "it takes them too slowly");
        }
        let lost = self.lost.spans.load(Ordering::Relaxed);
        if lost > 0 {
            render::note(&format!("{lost} spans did not reach {}", self.lost.origin));
        }
    }
}

struct Sending {
    url: Url,
    client: reqwest::Client,
    resource: Vec<(String, String)>,
    lost: Arc<Lost>,
}

impl Sending {
    fn run(&self, runtime: &tokio::runtime::Runtime, waiting: &Receiver<Ended>) {
        let mut over = false;
        while !over && let Ok(first) = waiting.recv() {
            let (mut spans, until) = (vec![first], Instant::now() + REST);
            while spans.len() < TOGETHER {
                match waiting.recv_timeout(until.saturating_duration_since(Instant::now())) {
                    Ok(span) => spans.push(span),
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => {
                        over = true;
                        break;
                    }
                }
            }
            match runtime.block_on(self.deliver(encode::request(&self.resource, &spans).to_string(), over)) {
                Ok(Some(partial)) => self.lost.warn(spans.len(), &partial),
                Ok(None) => {}
                Err(why) => self.lost.tell(spans.len(), &why),
            }
        }
    }

    /// What the receiver has against what it took, if anything.
    async fn deliver(&self, body: String, last: bool) -> Result<Option<Partial>, String> {
        let once = last || self.lost.told.load(Ordering::Relaxed);
        let mut rests = AGAIN.iter().filter(|_| !once);
        loop {
            let request = self.client.post(self.url.clone()).header("content-type", "application/json");
            let (why, again) = match request.body(body.clone()).send().await {
                Ok(answer) if answer.status().is_success() => return Ok(complaint(answer).await),
                Ok(answer) => (format!("it answered {}", answer.status()), passes(answer.status())),
                // Without the address, which may be a secret.
                Err(error) if error.is_timeout() => ("it did not answer in time".to_owned(), true),
                Err(error) if error.is_connect() => ("it cannot be connected to".to_owned(), true),
                Err(error) => (error.without_url().to_string(), true),
            };
            match rests.next().filter(|_| again) {
                Some(rest) => tokio::time::sleep(Duration::from_secs(*rest)).await,
                None => return Err(why),
            }
        }
    }
}

/// What it says of those that it took. That it took them stands in the status: an answer that ends early is none.
async fn complaint(mut answer: reqwest::Response) -> Option<Partial> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > answer::MOST {
            return None;
        }
    }
    answer::partial(&body)
}

/// Whether the specification says to try again.
fn passes(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}
