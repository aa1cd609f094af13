//! The server of `tenure watch`: HTTP/1.1, with TLS or on this machine alone.
//!
//! What is answered is decided by [`providers::Endpoint`]s, each below its own path; here is what any server on an open
//! port must see to: `limits` says how much of everything, `tls` who it is, `connection` takes one request after the other.

mod connection;
mod limits;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use providers::Endpoint;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

pub use self::tls::Tls;
use crate::Error;

/// Where to listen, and as whom.
pub struct Listen {
    pub address: SocketAddr,
    pub tls: Option<Arc<Tls>>,
}

/// What the log is to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// About what was pushed to a system.
    Pushed { system: String, what: String },
    /// The files of the certificate are others: it is shown from now on, or why the one from before still is.
    Certificate { path: String, error: Option<String> },
}

/// Where it is told. Nobody waits for it.
pub type Tell = Arc<dyn Fn(News) + Send + Sync>;

/// What is answered, and how much at once.
struct Service {
    tell: Tell,
    endpoints: Vec<Box<dyn Endpoint>>,
    /// Requests that are read and answered at once.
    work: Semaphore,
    /// `https` or `http`.
    scheme: &'static str,
    address: SocketAddr,
}

/// A server that runs until it is dropped.
pub struct Server {
    /// Where it listens: the port is known where 0 was asked for.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    /// Listens.
    ///
    /// # Errors
    /// Where the address is not to be had or is open to others without TLS.
    pub fn start(listen: Listen, endpoints: Vec<Box<dyn Endpoint>>, tell: Tell) -> Result<Server, Error> {
        let cannot = |error: std::io::Error| {
            Error::new(format!("cannot listen on {}: {error}", listen.address))
                .hint("choose an address of this machine and a port that nobody else listens on")
        };
        let tls = listen.tls;
        if tls.is_none() && !listen.address.ip().is_loopback() {
            let what =
                format!("{} can be reached from elsewhere, where no token may be sent in the clear", listen.address);
            let hint = "give --tls-cert and --tls-key, or listen on 127.0.0.1 behind something that has a certificate";
            return Err(Error::new(what).hint(hint));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(limits::WORK + 4)
            .thread_name("serve")
            .enable_all()
            .build()
            .map_err(cannot)?;
        let listener = runtime.block_on(TcpListener::bind(listen.address)).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let (stop, stopped) = watch::channel(false);
        let service = Arc::new(Service {
            tell,
            endpoints,
            work: Semaphore::new(limits::WORK),
            scheme: if tls.is_some() { "https" } else { "http" },
            address,
        });
        let thread = std::thread::Builder::new().name("serve".to_owned()).spawn(move || {
            runtime.block_on(accept(listener, tls, service, stopped));
            // What still blocks is a request that is being written; its connection has ended.
            runtime.shutdown_timeout(limits::STOP);
        });
        Ok(Server { address, stop, thread: Some(thread.map_err(cannot)?) })
    }
}

/// Lets the requests that are under way end, for a while.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, tls: Option<Arc<Tls>>, service: Arc<Service>, stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let room = Arc::new(Semaphore::new(limits::CONNECTIONS));
    let mut stopping = stopped.clone();
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => break,
            // Who finds no room waits, and is not even accepted.
            accepted = async {
                let place = Arc::clone(&room).acquire_owned().await;
                (listener.accept().await, place)
            } => accepted,
        };
        match accepted {
            (Ok((stream, _)), Ok(place)) => {
                let acceptor = tls.as_deref().map(Tls::acceptor);
                let (service, stopped) = (Arc::clone(&service), stopped.clone());
                connections.spawn(async move {
                    connection::serve(stream, acceptor, service, stopped).await;
                    drop(place);
                });
            }
            // Out of files, say: others may end meanwhile.
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(limits::STOP, all).await;
}
