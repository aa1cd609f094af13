//! One connection: its requests, one after the other, each within its limits.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use http::header::{self, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use providers::{Endpoint, Told, Unread};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::{News, Service, limits};

/// Serves until the client is done, is too slow, or the server stops.
pub async fn serve(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    service: Arc<Service>,
    stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    match acceptor {
        None => requests(stream, service, stopped).await,
        Some(acceptor) => {
            if let Ok(Ok(stream)) = timeout(limits::HANDSHAKE, acceptor.accept(stream)).await {
                requests(stream, service, stopped).await;
            }
        }
    }
}

async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    service: Arc<Service>,
    mut stopped: watch::Receiver<bool>,
) {
    let answering = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { Ok::<_, Infallible>(answer(request, service).await.map(Full::new)) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEAD_TIME)
        .max_buf_size(limits::HEAD)
        .max_headers(limits::HEADERS);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), answering));
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stop| *stop) => {}
        () = tokio::time::sleep(limits::AGE) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(limits::STOP, connection).await;
}

async fn answer(request: Request<Incoming>, service: Arc<Service>) -> Response<Bytes> {
    let path = request.uri().path();
    let is_below = |mount: &str| path.strip_prefix(mount).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let mut endpoints = (0usize..).zip(&service.endpoints);
    let Some((number, endpoint)) = endpoints.find(|(_, endpoint)| is_below(endpoint.mount())) else {
        return plain(StatusCode::NOT_FOUND, "nothing is served here\n");
    };
    let origin = origin(&request, &service);
    let (head, body) = request.into_parts();
    if let Some(response) = endpoint.admit(&head) {
        return closing(response);
    }
    // What says by itself that it is too long is not read at all.
    if body.size_hint().lower() > endpoint.largest() as u64 {
        return closing(endpoint.refuse(Unread::TooLarge));
    }
    let Ok(_place) = service.work.acquire().await else {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    };
    let body = match read(body, &**endpoint).await {
        Ok(body) => body,
        Err(why) => return closing(endpoint.refuse(why)),
    };
    let request = Request::from_parts(head, body);
    let working = Arc::clone(&service);
    let answered = tokio::task::spawn_blocking(move || {
        let endpoint = working.endpoints.get(number)?;
        Some(endpoint.answer(request, &origin))
    });
    match answered.await {
        Ok(Some(mut response)) => {
            if let Some(Told { system, what }) = response.extensions_mut().remove() {
                what.into_iter().for_each(|what| (service.tell)(News::Pushed { system: system.clone(), what }));
            }
            response
        }
        Ok(None) | Err(_) => closing(endpoint.refuse(Unread::Failed)),
    }
}

async fn read(body: Incoming, endpoint: &dyn Endpoint) -> Result<Bytes, Unread> {
    let collected = timeout(limits::BODY_TIME, Limited::new(body, endpoint.largest()).collect());
    match collected.await {
        Err(_) => Err(Unread::TooSlow),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unread::TooLarge),
        Ok(Err(_)) => Err(Unread::Broken),
        Ok(Ok(body)) => Ok(body.to_bytes()),
    }
}

/// Where the client reached us, by its own words.
fn origin(request: &Request<Incoming>, service: &Service) -> String {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.filter(|host| host.parse::<http::uri::Authority>().is_ok());
    match host {
        Some(host) => format!("{}://{host}", service.scheme),
        None => format!("{}://{}", service.scheme, service.address),
    }
}

/// The rest of the request is not read.
fn closing(mut response: Response<Bytes>) -> Response<Bytes> {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    closing(response)
}
