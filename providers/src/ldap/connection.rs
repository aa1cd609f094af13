//! One connection: operations go out as they come, answers are handed to whoever waits for them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::error::{Failure, LdapError};
use super::protocol::message::{Message, Request, tag};
use super::protocol::{Answer, Control, ber, control};
use super::settings::LdapSettings;
use super::tls;
use super::url::Url;

/// Bytes that one message may have: a photo fits, a runaway does not.
const LARGEST: usize = 64 << 20;

/// Time for a connection to come about.
const CONNECT: Duration = Duration::from_secs(10);

trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}
type Stream = Box<dyn Transport>;

/// A message from the server, whole.
pub type Frame = Vec<u8>;

/// Who waits for what number.
enum Waiting {
    One(oneshot::Sender<Frame>),
    Many(mpsc::UnboundedSender<Frame>),
    /// The same with the messages in between (RFC 4511 section 4.13).
    All(mpsc::UnboundedSender<Frame>),
}

#[derive(Default)]
struct State {
    waiting: HashMap<i32, Waiting>,
    /// Why the connection is no more.
    broken: Option<String>,
}

struct Shared {
    state: Mutex<State>,
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody gets an answer any more; the first reason stands.
    fn broke(&self, why: String) {
        let mut state = self.lock();
        state.broken.get_or_insert(why);
        state.waiting.clear();
    }
}

/// A connection. Ends when dropped.
pub struct Connection {
    place: String,
    shared: Arc<Shared>,
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    next: AtomicI32,
    timeout: Duration,
}

impl Connection {
    /// Connects, with TLS as the settings say. Nobody is bound yet.
    pub async fn open(settings: &LdapSettings) -> Result<Connection, LdapError> {
        let place = settings.url.to_string();
        let stream = match timeout(CONNECT, stream(settings)).await {
            Ok(stream) => stream.map_err(|error| error.at(&place))?,
            Err(_) => {
                return Err(LdapError::new(
                    format!("{place}: no connection within {} s", CONNECT.as_secs()),
                    "check url in the system block, the network, and whether the server runs",
                ));
            }
        };
        let shared = Arc::new(Shared { state: Mutex::default() });
        let (outgoing, messages) = mpsc::unbounded_channel();
        let (read, write) = tokio::io::split(stream);
        tokio::spawn(receive(read, Arc::clone(&shared)));
        tokio::spawn(send(write, messages, Arc::clone(&shared)));
        Ok(Connection { place, shared, outgoing, next: AtomicI32::new(1), timeout: settings.timeout })
    }

    /// Where it leads, for messages.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Why it is of no use any more, if so.
    pub fn broken(&self) -> Option<String> {
        self.shared.lock().broken.clone()
    }

    /// Sends an operation and waits for its answer.
    pub async fn call(&self, request: &Request, controls: &[Control]) -> Result<Answer, Failure> {
        let (sender, receiver) = oneshot::channel();
        let id = self.send(request, controls, Waiting::One(sender))?;
        match timeout(self.timeout, receiver).await {
            Ok(Ok(frame)) => self.answer(&frame).map_err(Failure::Lost),
            Ok(Err(_)) => Err(Failure::Lost(self.lost(request.name))),
            Err(_) => {
                self.shared.lock().waiting.remove(&id);
                Err(Failure::Lost(self.late(request.name)))
            }
        }
    }

    /// Sends a search; what is found comes one by one.
    pub fn search(&self, request: &Request, controls: &[Control]) -> Result<Found<'_>, LdapError> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let id = self.send(request, controls, Waiting::Many(sender)).map_err(Failure::error)?;
        Ok(Found { connection: self, id, receiver, done: false })
    }

    /// Sends a search that tells everything, also between what it finds, and may never end.
    pub fn follow(self, request: &Request, controls: &[Control]) -> Result<Following, LdapError> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.send(request, controls, Waiting::All(sender)).map_err(Failure::error)?;
        Ok(Following { connection: self, receiver })
    }

    fn send(&self, request: &Request, controls: &[Control], waiting: Waiting) -> Result<i32, Failure> {
        let mut id = self.next.fetch_add(1, Ordering::Relaxed);
        if id <= 0 {
            self.next.store(2, Ordering::Relaxed);
            id = 1;
        }
        let mut state = self.shared.lock();
        if state.broken.is_some() {
            drop(state);
            return Err(Failure::NotSent(self.lost(request.name)));
        }
        state.waiting.insert(id, waiting);
        drop(state);
        if self.outgoing.send(request.message(id, controls)).is_err() {
            return Err(Failure::NotSent(self.lost(request.name)));
        }
        Ok(id)
    }

    fn answer(&self, frame: &[u8]) -> Result<Answer, LdapError> {
        Message::read(frame).and_then(|message| message.answer()).map_err(|error| self.odd(&error))
    }

    /// What came is not LDAP.
    pub fn odd(&self, error: &ber::Malformed) -> LdapError {
        LdapError::new(
            format!("{}: {error}", self.place),
            "is this an LDAP server, and nothing between that changes answers?",
        )
    }

    fn lost(&self, what: &str) -> LdapError {
        let why = self.broken().unwrap_or_else(|| "the connection ended".to_owned());
        LdapError::new(format!("{}: {what}: {why}", self.place), "check the server and the network, and try again")
    }

    fn late(&self, what: &str) -> LdapError {
        LdapError::new(
            format!("{}: {what}: no answer within {} s", self.place, self.timeout.as_secs()),
            "check the server, or raise timeout in the system block",
        )
    }
}

/// What a search tells that may never end, and the connection that it keeps.
pub struct Following {
    pub connection: Connection,
    receiver: mpsc::UnboundedReceiver<Frame>,
}

impl Following {
    /// The next message, whenever it comes.
    pub async fn next(&mut self) -> Result<Frame, LdapError> {
        self.receiver.recv().await.ok_or_else(|| self.connection.lost("search"))
    }

    /// The next message, which is due.
    pub async fn next_within_timeout(&mut self) -> Result<Frame, LdapError> {
        match timeout(self.connection.timeout, self.next()).await {
            Ok(frame) => frame,
            Err(_) => Err(self.connection.late("search")),
        }
    }
}

/// What a search finds, as it comes.
pub struct Found<'c> {
    connection: &'c Connection,
    id: i32,
    receiver: mpsc::UnboundedReceiver<Frame>,
    done: bool,
}

impl Found<'_> {
    /// The next message: an entry, a reference, or the end. Its timeout counts from the message before.
    pub async fn next(&mut self) -> Result<Frame, LdapError> {
        match timeout(self.connection.timeout, self.receiver.recv()).await {
            Ok(Some(frame)) => Ok(frame),
            Ok(None) => Err(self.connection.lost("search")),
            Err(_) => Err(self.connection.late("search")),
        }
    }

    /// The answer that ended the search.
    pub fn finish(mut self, frame: &[u8]) -> Result<Answer, LdapError> {
        self.done = true;
        self.connection.answer(frame)
    }
}

/// A search that nobody waits for is called off.
impl Drop for Found<'_> {
    fn drop(&mut self) {
        self.connection.shared.lock().waiting.remove(&self.id);
        if !self.done {
            let _ = self.connection.outgoing.send(Request::abandon(self.id).message(0x7fff_ffff, &[]));
        }
    }
}

/// A stream to the server, encrypted as the settings say.
async fn stream(settings: &LdapSettings) -> Result<Stream, LdapError> {
    let unreachable = |error: std::io::Error| {
        LdapError::new(error.to_string(), "check url in the system block, the network, and whether the server runs")
    };
    match &settings.url {
        Url::Socket(path) => Ok(Box::new(UnixStream::connect(path).await.map_err(unreachable)?)),
        Url::Plain { host, port } => {
            let mut tcp = connect(host, *port).await.map_err(unreachable)?;
            if !settings.start_tls {
                return Ok(Box::new(tcp));
            }
            start_tls(&mut tcp).await?;
            encrypted(settings, host, tcp).await
        }
        Url::Tls { host, port } => {
            let tcp = connect(host, *port).await.map_err(unreachable)?;
            encrypted(settings, host, tcp).await
        }
    }
}

async fn connect(host: &str, port: u16) -> std::io::Result<TcpStream> {
    let tcp = TcpStream::connect((host, port)).await?;
    tcp.set_nodelay(true)?;
    // Where this process dies, the kernel gives up at once what it has not sent yet, and does not try to deliver it for
    // minutes: see `outlives` in server.rs. What ends properly has had all its answers.
    tcp.set_zero_linger()?;
    Ok(tcp)
}

/// Asks the server to speak TLS from here on. Anything that it sends before TLS but its one answer is an error: it could
/// be somebody else's (RFC 4511 section 4.14.1).
async fn start_tls(tcp: &mut TcpStream) -> Result<(), LdapError> {
    let refused =
        |what: String| LdapError::new(format!("StartTLS: {what}"), "use ldaps://, or set up TLS at the server");
    let io = |error: std::io::Error| refused(error.to_string());
    tcp.write_all(&Request::extended(control::START_TLS).message(1, &[])).await.map_err(io)?;
    let mut bytes = Vec::new();
    let length = loop {
        if let Some(length) = ber::element_length(&bytes, 1 << 16).map_err(|error| refused(error.to_string()))?
            && bytes.len() >= length
        {
            break length;
        }
        if tcp.read_buf(&mut bytes).await.map_err(io)? == 0 {
            return Err(refused("the server ended the connection".to_owned()));
        }
    };
    if bytes.len() > length {
        return Err(refused("something was sent between its answer and TLS".to_owned()));
    }
    let answer =
        Message::read(&bytes).and_then(|message| message.answer()).map_err(|error| refused(error.to_string()))?;
    if answer.code.0 == 0 { Ok(()) } else { Err(LdapError::answered("StartTLS", &answer)) }
}

async fn encrypted(settings: &LdapSettings, host: &str, tcp: TcpStream) -> Result<Stream, LdapError> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| {
        LdapError::new(format!("{host:?} is no name for a certificate"), "check url in the system block")
    })?;
    let connector = TlsConnector::from(tls::configuration(settings)?);
    let stream = connector.connect(name, tcp).await.map_err(|error| {
        let text = error.to_string();
        let hint = if text.contains("certificate") {
            "if the server has a certificate of your own authority, name it by ca_file; the host in url must be in the certificate"
        } else {
            "does the server speak TLS on that port?"
        };
        LdapError::new(format!("no TLS: {text}"), hint)
    })?;
    Ok(Box::new(stream))
}

/// Writes messages as they come, as many at once as are there.
async fn send(mut stream: WriteHalf<Stream>, mut messages: mpsc::UnboundedReceiver<Vec<u8>>, shared: Arc<Shared>) {
    let mut bytes = Vec::new();
    while let Some(message) = messages.recv().await {
        bytes.clear();
        bytes.extend_from_slice(&message);
        while bytes.len() < 1 << 16 {
            let Ok(message) = messages.try_recv() else { break };
            bytes.extend_from_slice(&message);
        }
        let written = match stream.write_all(&bytes).await {
            Ok(()) => stream.flush().await,
            error => error,
        };
        if let Err(error) = written {
            shared.broke(format!("the connection broke: {error}"));
            return;
        }
    }
    let _ = stream.write_all(&Request::unbind().message(0x7fff_fffe, &[])).await;
    let _ = stream.shutdown().await;
}

/// Takes messages apart and hands them on, until the connection ends.
async fn receive(mut stream: ReadHalf<Stream>, shared: Arc<Shared>) {
    let mut bytes: Vec<u8> = Vec::with_capacity(1 << 16);
    let mut start = 0;
    let why = loop {
        if bytes.get(start).is_some_and(|first| *first != ber::SEQUENCE) {
            break "what came is no LDAP message".to_owned();
        }
        match ber::element_length(bytes.get(start..).unwrap_or_default(), LARGEST) {
            Ok(Some(length)) if bytes.len() - start >= length => {
                let frame = bytes.get(start..start + length).unwrap_or_default().to_vec();
                start += length;
                if let Some(why) = deliver(frame, &shared) {
                    break why;
                }
                continue;
            }
            Ok(_) => {}
            Err(error) => break error.to_string(),
        }
        bytes.drain(..start);
        start = 0;
        if bytes.capacity() - bytes.len() < 1 << 14 {
            bytes.reserve(1 << 16);
        }
        match stream.read_buf(&mut bytes).await {
            Ok(0) => break "the server ended the connection".to_owned(),
            Ok(_) => {}
            Err(error) => break format!("the connection broke: {error}"),
        }
    };
    shared.broke(why);
}

/// Hands one message on; the reason where it is the last one.
fn deliver(frame: Frame, shared: &Shared) -> Option<String> {
    let (id, kind, notice) = match Message::read(&frame) {
        Ok(message) if message.id == 0 => (0, message.tag, message.answer().ok()),
        Ok(message) => (message.id, message.tag, None),
        Err(error) => return Some(error.to_string()),
    };
    if id == 0 {
        // A notice of disconnection (RFC 4511 section 4.4.1).
        return Some(notice.map_or("the server ended the connection".to_owned(), |notice| {
            format!("the server ended the connection: {}", notice.said())
        }));
    }
    let mut state = shared.lock();
    match state.waiting.remove(&id) {
        Some(Waiting::All(sender)) => {
            let more = sender.send(frame).is_ok() && kind != tag::DONE;
            more.then(|| state.waiting.insert(id, Waiting::All(sender)));
        }
        // Nobody else waits for those.
        Some(waiting) if kind == tag::INTERMEDIATE => drop(state.waiting.insert(id, waiting)),
        Some(Waiting::One(sender)) => {
            let _ = sender.send(frame);
        }
        Some(Waiting::Many(sender)) => {
            let more = sender.send(frame).is_ok() && kind != tag::DONE;
            more.then(|| state.waiting.insert(id, Waiting::Many(sender)));
        }
        // Of what was given up.
        None => {}
    }
    None
}
