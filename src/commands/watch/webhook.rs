//! Webhooks: what is told goes to others as well, signed, in the form of Standard Webhooks
//! (<https://www.standardwebhooks.com>): `webhook-id`, `webhook-timestamp`, and `webhook-signature`, the HMAC-SHA256 of both
//! and the body.
//!
//! What was told since the last time is one delivery. Each receiver has a thread and a queue of its own, so that one that is
//! slow or gone holds up neither the rounds nor the others. A delivery is tried again for an hour, then given up, which is
//! said and counted; the record and the log have it all the same.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{StatusCode, Url};
use ring::hmac;
use serde::Serialize;
use state::Timestamp;

use super::board::Board;
use super::log::Entry;
use crate::edge::{Clock as _, SystemClock};
use crate::{Error, render};

/// Names the environment variable with the secret.
const VARIABLE: &str = "TENURE_WEBHOOK_SECRET";
/// Events of one delivery, at most; what is left out is counted.
const EVENTS: usize = 200;
/// Deliveries that wait for a receiver, at most.
const WAITING: usize = 256;
/// For one attempt.
const ATTEMPT: Duration = Duration::from_secs(15);
/// Between attempts; then it is given up.
const AGAIN: [u64; 6] = [1, 5, 30, 300, 900, 1_800];
/// For what still waits, when the watch ends.
const END: Duration = Duration::from_secs(5);

/// Everybody who is sent what happens.
#[derive(Default)]
pub struct Hooks {
    told: Vec<Entry>,
    more: usize,
    hooks: Vec<Hook>,
}

struct Hook {
    origin: String,
    queue: Option<SyncSender<Delivery>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// One message, signed anew for each attempt.
#[derive(Clone)]
struct Delivery {
    id: String,
    body: String,
}

#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    events: &'a [Entry],
    /// Events that were left out.
    more: usize,
}

impl Hooks {
    /// For these addresses.
    ///
    /// # Errors
    /// Where one is none, or would be sent to in the clear, or the secret is missing.
    pub fn start(addresses: &[String], board: &Board) -> Result<Hooks, Error> {
        if addresses.is_empty() {
            return Ok(Hooks::default());
        }
        let key = key(&std::env::var(VARIABLE).unwrap_or_default())?;
        let hooks = addresses.iter().map(|address| Hook::start(address, key.clone(), board.clone()));
        Ok(Hooks { told: Vec::new(), more: 0, hooks: hooks.collect::<Result<_, _>>()? })
    }

    /// One more event for the next delivery.
    pub fn tell(&mut self, entry: &Entry) {
        if self.hooks.is_empty() || matches!(entry, Entry::Round { .. }) {
            return;
        }
        match self.told.len() < EVENTS {
            true => self.told.push(entry.clone()),
            false => self.more += 1,
        }
    }

    /// Hands over what was told.
    pub fn send(&mut self, now: Timestamp) {
        if self.told.is_empty() {
            return;
        }
        let data = Data { events: &self.told, more: self.more };
        let body = serde_json::to_string(&Message { kind: "tenure.watch", timestamp: now, data });
        let mut random = [0; 16];
        if let (Ok(body), Ok(())) = (body, getrandom::fill(&mut random)) {
            let id = format!("msg_{:032x}", u128::from_be_bytes(random));
            self.hooks.iter().for_each(|hook| hook.hand_over(Delivery { id: id.clone(), body: body.clone() }));
        }
        (self.told, self.more) = (Vec::new(), 0);
    }
}

/// What still waits is tried for a moment.
impl Drop for Hooks {
    fn drop(&mut self) {
        self.send(SystemClock.now());
        self.hooks.iter_mut().for_each(|hook| drop(hook.queue.take()));
        let end = Instant::now() + END;
        for thread in self.hooks.iter_mut().filter_map(|hook| hook.thread.take()) {
            while !thread.is_finished() && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

impl Hook {
    fn start(address: &str, key: hmac::Key, board: Board) -> Result<Hook, Error> {
        let no = |what: &str| Error::new(format!("--webhook {what}")).hint("such as https://hooks.acme.example/tenure");
        let url = Url::parse(address).map_err(|error| no(&format!("is not an address: {error}")))?;
        let host = url.host_str().unwrap_or_default();
        let here = host == "localhost"
            || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        match url.scheme() {
            "https" => {}
            "http" if here => {}
            "http" => {
                return Err(no(&format!("would tell {host} who has access in the clear: only https goes elsewhere")));
            }
            other => return Err(no(&format!("cannot be `{other}`, only https"))),
        }
        // The rest of an address is often a secret.
        let origin = url.origin().ascii_serialization();
        let mut client = reqwest::Client::builder()
            .user_agent(concat!("tenure/", env!("CARGO_PKG_VERSION")))
            .timeout(ATTEMPT)
            .redirect(reqwest::redirect::Policy::none());
        if here {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| no(&format!("cannot be sent to: {error}")))?;
        let cannot = |error: std::io::Error| Error::new(format!("cannot start a thread for webhooks: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
        let (queue, waiting) = sync_channel(WAITING);
        let receiver = Receiving { url, origin: origin.clone(), key, client, board };
        let thread = std::thread::Builder::new()
            .name("webhook".to_owned())
            .spawn(move || receiver.run(&runtime, &waiting))
            .map_err(cannot)?;
        Ok(Hook { origin, queue: Some(queue), thread: Some(thread) })
    }

    fn hand_over(&self, delivery: Delivery) {
        match self.queue.as_ref().map(|queue| queue.try_send(delivery)) {
            Some(Ok(())) | None => {}
            Some(Err(TrySendError::Full(_))) => {
                render::note(&format!(
                    "{} takes no webhooks: {WAITING} wait already, and this one is not sent",
                    self.origin
                ));
            }
            Some(Err(TrySendError::Disconnected(_))) => {
                render::note(&format!("webhooks are no longer sent to {}", self.origin))
            }
        }
    }
}

/// One receiver.
struct Receiving {
    url: Url,
    origin: String,
    key: hmac::Key,
    client: reqwest::Client,
    board: Board,
}

impl Receiving {
    fn run(&self, runtime: &tokio::runtime::Runtime, waiting: &Receiver<Delivery>) {
        while let Ok(delivery) = waiting.recv() {
            let delivered = runtime.block_on(self.deliver(&delivery));
            self.board.delivered(delivered.is_ok());
            if let Err(why) = delivered {
                render::note(&format!("a webhook to {} was given up: {why}", self.origin));
            }
        }
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<(), String> {
        let mut rests = AGAIN.iter();
        loop {
            let why = match self.attempt(delivery).await {
                Ok(status) if status.is_success() => return Ok(()),
                // It says itself that it wants no more.
                Ok(StatusCode::GONE) => return Err("it answered 410: it is gone".to_owned()),
                Ok(status) => format!("it answered {status}"),
                // Without the address, which may be a secret.
                Err(error) => error.without_url().to_string(),
            };
            match rests.next() {
                Some(rest) => tokio::time::sleep(Duration::from_secs(*rest)).await,
                None => return Err(format!("tried {} times; {why}", AGAIN.len() + 1)),
            }
        }
    }

    async fn attempt(&self, delivery: &Delivery) -> Result<StatusCode, reqwest::Error> {
        let seconds = (SystemClock.now().millis() / 1_000).to_string();
        let signature = sign(&self.key, &delivery.id, &seconds, &delivery.body);
        let request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", &delivery.id)
            .header("webhook-timestamp", &seconds)
            .header("webhook-signature", signature)
            .body(delivery.body.clone());
        Ok(request.send().await?.status())
    }
}

fn sign(key: &hmac::Key, id: &str, seconds: &str, body: &str) -> String {
    format!("v1,{}", STANDARD.encode(hmac::sign(key, format!("{id}.{seconds}.{body}").as_bytes())))
}

/// `whsec_` and the key in Base64: of 24 to 64 bytes.
fn key(secret: &str) -> Result<hmac::Key, Error> {
    let secret = secret.trim();
    let bytes = secret.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
    let bytes = bytes.filter(|bytes| (24..=64).contains(&bytes.len()));
    let what = if secret.is_empty() { "is not set" } else { "is no such secret" };
    let bytes = bytes.ok_or_else(|| {
        Error::new(format!("--webhook signs what it sends, and {VARIABLE} {what}"))
            .hint("make one: `echo \"whsec_$(openssl rand -base64 32)\"`, and give it to the receiver too")
    })?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        // From the examples of the specification.
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn addresses_and_secrets_that_are_wrong_are_refused() {
        let board = Board::new(Timestamp::default(), 0, false);
        let refused = |address: &str| {
            Hook::start(address, key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap(), board.clone())
                .err()
                .unwrap()
                .to_string()
        };
        assert_eq!(
            refused("http://hooks.acme.example/x?token=secret"),
            "--webhook would tell hooks.acme.example who has access in the clear: only https goes elsewhere"
        );
        assert_eq!(refused("ftp://hooks.acme.example/"), "--webhook cannot be `ftp`, only https");
        assert_eq!(refused("hooks"), "--webhook is not an address: relative URL without a base");
        for secret in ["", "whsec_", "whsec_c2hvcnQ=", "not one at all"] {
            assert!(key(secret).is_err());
        }
    }
}
