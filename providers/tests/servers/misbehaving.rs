//! A SCIM server that can be told to misbehave: a test answers some requests itself, [`World`] answers the others as
//! the RFCs say.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value as Json, json};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Without the query: `/Users/u1`.
    pub path: String,
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Json,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// A number in the query: `startIndex`.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
    }

    /// `GET /Users`.
    pub fn is(&self, what: &str) -> bool {
        what == format!("{} {}", self.method, self.path)
    }
}

/// What to answer.
#[derive(Clone, Debug)]
pub enum Reply {
    Json(u16, Vec<(&'static str, String)>, Json),
    /// Status, headers, the bytes, and the length that is claimed where it is another.
    Raw(u16, Vec<(&'static str, String)>, Vec<u8>, Option<usize>),
    /// The connection is closed without an answer.
    Close,
    /// Nothing comes for longer than any test waits.
    Hang,
}

impl Reply {
    pub fn json(status: u16, body: Json) -> Reply {
        Reply::Json(status, Vec::new(), body)
    }

    pub fn html(status: u16) -> Reply {
        let html = b"<!doctype html><title>Sign in</title>".to_vec();
        Reply::Raw(status, vec![("Content-Type", "text/html".into())], html, None)
    }

    pub fn error(status: u16, kind: &str, detail: &str) -> Reply {
        Reply::json(
            status,
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": status.to_string(),
                    "scimType": kind, "detail": detail }),
        )
    }

    pub fn redirect(status: u16, to: String) -> Reply {
        Reply::Raw(status, vec![("Location", to)], Vec::new(), None)
    }

    /// A list response that says `total`.
    pub fn list(total: usize, resources: Vec<Json>) -> Reply {
        Reply::json(200, json!({ "totalResults": total, "Resources": resources }))
    }

    /// The same with another header.
    pub fn with(self, name: &'static str, value: &str) -> Reply {
        match self {
            Reply::Json(status, mut headers, body) => {
                headers.push((name, value.to_owned()));
                Reply::Json(status, headers, body)
            }
            other => other,
        }
    }
}

/// Answers a request itself, or leaves it to the world.
type Script = dyn Fn(&Request, &mut World) -> Option<Reply> + Send + Sync;

/// A running server.
pub struct Misbehaving {
    pub url: String,
    world: Arc<Mutex<World>>,
    seen: Arc<Mutex<Vec<Request>>>,
    stopped: Arc<AtomicBool>,
}

impl Misbehaving {
    /// Starts with the people and groups of [`World::default`].
    pub fn start(script: impl Fn(&Request, &mut World) -> Option<Reply> + Send + Sync + 'static) -> Misbehaving {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v2", listener.local_addr().unwrap());
        let world = Arc::new(Mutex::new(World { url: url.clone(), ..World::default() }));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let stopped = Arc::new(AtomicBool::new(false));
        let server = Misbehaving { url, world: world.clone(), seen: seen.clone(), stopped: stopped.clone() };
        let script: Arc<Script> = Arc::new(script);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (world, seen, script) = (world.clone(), seen.clone(), script.clone());
                std::thread::spawn(move || serve(stream, &world, &seen, script.as_ref()));
            }
        });
        server
    }

    /// Listens no more.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        let address = self.url.trim_start_matches("http://").trim_end_matches("/v2");
        let _ = TcpStream::connect(address);
        // The listener is closed once its thread has seen the connection.
        while TcpStream::connect(address).is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// All requests so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many requests of a method came.
    pub fn count(&self, method: &str) -> usize {
        self.seen().iter().filter(|request| request.method == method).count()
    }

    /// The resource `id` as it stands now.
    pub fn resource(&self, id: &str) -> Json {
        self.world.lock().unwrap_or_else(PoisonError::into_inner).find(id).cloned().unwrap_or(Json::Null)
    }
}

fn serve(stream: TcpStream, world: &Mutex<World>, seen: &Mutex<Vec<Request>>, script: &Script) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let request = read(&mut reader)?;
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    let reply = {
        let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
        script(&request, &mut world).unwrap_or_else(|| world.answer(&request))
    };
    let (status, headers, body, length) = match reply {
        Reply::Json(status, headers, body) => {
            let bytes = if status == 204 { Vec::new() } else { body.to_string().into_bytes() };
            (status, headers, bytes, None)
        }
        Reply::Raw(status, headers, bytes, length) => (status, headers, bytes, length),
        Reply::Close => return None,
        Reply::Hang => {
            std::thread::sleep(Duration::from_secs(20));
            return None;
        }
    };
    let mut head =
        format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n", length.unwrap_or(body.len()));
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let mut stream = stream;
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&body).ok()
}

fn read(reader: &mut impl std::io::BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Some(Request {
        method,
        path: path.strip_prefix("/v2").unwrap_or(path).to_owned(),
        query: query.to_owned(),
        headers,
        body: serde_json::from_slice(&body).unwrap_or(Json::Null),
    })
}

/// Users and groups as a server without quirks holds them.
pub struct World {
    pub url: String,
    pub config: Json,
    pub users: Vec<Json>,
    pub groups: Vec<Json>,
    pub made: usize,
}

/// Five users, and a group of the first two.
impl Default for World {
    fn default() -> World {
        let user = |n: usize| {
            json!({ "id": format!("u{n}"), "userName": format!("user{n}"), "active": true, "badge": n,
                    "name": { "givenName": "G", "familyName": "F" }, "meta": { "version": "W/\"1\"" } })
        };
        World {
            url: String::new(),
            config: json!({ "patch": { "supported": true }, "etag": { "supported": true } }),
            users: (1..=5).map(user).collect(),
            groups: vec![
                json!({ "id": "g1", "displayName": "staff", "members": [{ "value": "u1" }, { "value": "u2", "display": "Two" }],
                        "meta": { "version": "W/\"1\"" } }),
            ],
            made: 0,
        }
    }
}

impl World {
    pub fn find(&self, id: &str) -> Option<&Json> {
        self.users.iter().chain(&self.groups).find(|resource| resource["id"] == id)
    }

    /// The answer of a server that does as the RFCs say; of filters and paths it knows what the provider uses.
    pub fn answer(&mut self, request: &Request) -> Reply {
        let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["ServiceProviderConfig"]) => Reply::json(200, self.config.clone()),
            ("GET", ["Users"]) => page(&self.users, request),
            ("GET", ["Groups"]) => page(&self.groups, request),
            ("GET", ["Users" | "Groups", id]) => match self.find(id) {
                Some(resource) => Reply::json(200, resource.clone()),
                None => Reply::error(404, "", "not found"),
            },
            ("POST", [kind @ ("Users" | "Groups")]) => {
                self.made += 1;
                let mut resource = request.body.clone();
                resource["id"] = json!(format!("new{}", self.made));
                resource["meta"] = json!({ "version": "W/\"1\"" });
                let list = if *kind == "Users" { &mut self.users } else { &mut self.groups };
                list.push(resource.clone());
                Reply::json(201, resource)
            }
            ("PATCH" | "PUT", [_, id]) => {
                let Some(resource) = self.users.iter_mut().chain(&mut self.groups).find(|own| own["id"] == *id) else {
                    return Reply::error(404, "", "not found");
                };
                let version = resource["meta"]["version"].as_str().unwrap_or("").to_owned();
                if request.header("if-match").is_some_and(|wanted| wanted != version) {
                    return Reply::error(412, "", "it changed");
                }
                if request.method == "PUT" {
                    *resource = request.body.clone();
                } else {
                    request.body["Operations"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .for_each(|operation| patch(resource, operation));
                }
                let number: u32 = version.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(0);
                resource["meta"] = json!({ "version": format!("W/\"{}\"", number + 1) });
                Reply::json(200, resource.clone())
            }
            _ => Reply::error(404, "", "no such endpoint"),
        }
    }
}

/// A page by `startIndex` and `count`.
pub fn page(resources: &[Json], request: &Request) -> Reply {
    let start = request.number("startIndex").unwrap_or(1).max(1) - 1;
    let count = request.number("count").unwrap_or(usize::MAX);
    Reply::list(resources.len(), resources.iter().skip(start).take(count).cloned().collect())
}

fn patch(resource: &mut Json, operation: &Json) {
    let (op, path, value) = (&operation["op"], operation["path"].as_str().unwrap_or(""), &operation["value"]);
    if let Some(filter) = path.strip_prefix("members[value eq \"") {
        let gone = filter.trim_end_matches("\"]");
        resource["members"].as_array_mut().unwrap().retain(|member| member["value"] != gone);
    } else if path == "members" && op == "add" {
        let members = resource.as_object_mut().unwrap().entry("members").or_insert_with(|| json!([]));
        members.as_array_mut().unwrap().extend(value.as_array().cloned().unwrap_or_default());
    } else if op == "remove" {
        resource.as_object_mut().unwrap().remove(path);
    } else if let Some((outer, inner)) = path.split_once('.') {
        resource[outer][inner] = value.clone();
    } else {
        resource[path] = value.clone();
    }
}
