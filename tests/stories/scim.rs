//! A real scim2-server, a tenant for each story, behind a proxy that can be told to misbehave.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::misbehaving::{Misbehaving, Reply, Request};
use crate::servers::{Server, TOKEN};
use crate::world::{Standing, Trouble, World};

pub struct Scim {
    tenant: Tenant,
    proxy: Misbehaving,
    told: Arc<Mutex<Told>>,
}

/// What the proxy is told to do.
#[derive(Default)]
pub struct Told {
    pub trouble: Option<Trouble>,
    /// Filters are taken out of requests: everybody is answered.
    pub unfiltered: bool,
    /// Whose account `/Me` is.
    pub own: Option<String>,
    /// The lists as they were when they were kept: by path.
    kept: BTreeMap<String, Vec<Value>>,
}

impl Scim {
    pub fn new() -> Scim {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let server = Server::shared_scim2_server_tenants();
        let base = format!("{}/t{}/v2", server.origin(), NEXT.fetch_add(1, Ordering::Relaxed));
        let (tenant, told) = (Tenant { base }, Arc::new(Mutex::new(Told::default())));
        let proxy = {
            let (tenant, told) = (tenant.clone(), Arc::clone(&told));
            Misbehaving::start(move |request, _| {
                let told = told.lock().unwrap();
                Some(told.answer(request).unwrap_or_else(|| tenant.pass(request, told.unfiltered)))
            })
        };
        Scim { tenant, proxy, told }
    }

    pub fn tell(&self, what: impl FnOnce(&mut Told)) {
        what(&mut self.told.lock().unwrap());
    }

    /// Requests that came with a filter.
    pub fn filtered(&self) -> usize {
        self.proxy.seen().iter().filter(|request| request.query.contains("filter=")).count()
    }

    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }
}

impl Told {
    /// What is answered in place of the server; none where it answers itself.
    fn answer(&self, request: &Request) -> Option<Reply> {
        let get = request.method == "GET";
        let list = matches!(request.path.as_str(), "/Users" | "/Groups") && get;
        let resource = ["/Users/", "/Groups/"].iter().any(|kind| request.path.starts_with(kind)) && get;
        if let (Some(own), "/Me") = (&self.own, request.path.as_str()) {
            return Some(Reply::json(200, json!({ "id": own, "userName": "me" })));
        }
        match self.trouble? {
            Trouble::Empty if list => Some(Reply::list(0, Vec::new())),
            Trouble::Empty if resource => Some(Reply::error(404, "", "no such resource")),
            Trouble::Error if list => Some(Reply::error(500, "", "the database is gone")),
            Trouble::Forbidden => Some(Reply::error(403, "", "this token may not read users")),
            Trouble::Half if list => {
                let all = &self.kept[&request.path];
                // The second half never comes.
                let first = if request.number("startIndex").unwrap_or(1) > 1 { 0 } else { all.len() / 2 };
                Some(Reply::list(all.len(), all[..first].to_vec()))
            }
            Trouble::HalfBlind if resource => Some(Reply::error(404, "", "no such resource")),
            Trouble::HalfUnseen | Trouble::HalfBlind if list => {
                let half = &self.kept[&request.path];
                let half = half[..half.len().div_ceil(2)].to_vec();
                Some(crate::misbehaving::page(&half, request))
            }
            Trouble::NoGroups if request.path == "/Groups" && get => Some(Reply::list(0, Vec::new())),
            Trouble::NoGroups if request.path.starts_with("/Groups/") => {
                Some(Reply::error(404, "", "no such resource"))
            }
            Trouble::Down => Some(Reply::Close),
            // Also what is read by itself; writes reach the server.
            Trouble::Stale if get => {
                if let Some(all) = self.kept.get(&request.path) {
                    return Some(crate::misbehaving::page(all, request));
                }
                let id = request.path.strip_prefix("/Users/").or_else(|| request.path.strip_prefix("/Groups/"))?;
                let found = self.kept.values().flatten().find(|one| one["id"] == id);
                Some(match found {
                    Some(resource) => Reply::json(200, resource.clone()),
                    None => Reply::error(404, "", "no such resource"),
                })
            }
            _ => None,
        }
    }
}

/// The server itself.
#[derive(Clone)]
pub struct Tenant {
    /// `http://127.0.0.1:PORT/TENANT/v2`.
    base: String,
}

impl Tenant {
    /// Lets a request through as it came.
    fn pass(&self, request: &Request, unfiltered: bool) -> Reply {
        let query: Vec<&str> = request.query.split('&').filter(|part| !part.is_empty()).collect();
        let kept = query.into_iter().filter(|part| !(unfiltered && part.starts_with("filter="))).collect::<Vec<_>>();
        let path = match kept.join("&") {
            query if query.is_empty() => request.path.clone(),
            query => format!("{}?{query}", request.path),
        };
        let condition = request.header("if-match").map(|version| format!("If-Match: {version}\r\n"));
        let body = if request.body.is_null() { None } else { Some(&request.body) };
        let (status, headers, body) = self.ask(&request.method, &path, &condition.unwrap_or_default(), body);
        Reply::Raw(status, headers, body, None)
    }

    fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: Option<&Value>,
    ) -> (u16, Vec<(&'static str, String)>, Vec<u8>) {
        let (host, prefix) = self.base.trim_start_matches("http://").split_once('/').unwrap();
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = TcpStream::connect(host).unwrap();
        let head = format!(
            "{method} /{prefix}{path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n{headers}\
             Content-Type: application/scim+json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_else(|| {
            panic!("{method} {path}: {}", String::from_utf8_lossy(&answer));
        });
        let (head, body) = (String::from_utf8_lossy(&answer[..end]).into_owned(), answer[end + 4..].to_vec());
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap();
        let kept = lines.filter_map(|line| line.split_once(": ")).filter_map(|(name, value)| {
            let names = ["ETag", "Location", "Content-Type"];
            Some((*names.iter().find(|own| own.eq_ignore_ascii_case(name))?, value.to_owned()))
        });
        (status, kept.collect(), body)
    }

    fn list(&self, path: &str) -> Vec<Value> {
        let (status, _, body) = self.ask("GET", &format!("{path}?count=5000"), "", None);
        assert_eq!(status, 200);
        let list: Value = serde_json::from_slice(&body).unwrap();
        let mut all = list["Resources"].as_array().cloned().unwrap_or_default();
        assert_eq!(list["totalResults"], all.len());
        all.sort_by_key(|one| text(&one["id"]));
        all
    }

    fn user(&self, login: &str) -> String {
        let users = self.list("/Users");
        let found = users.iter().find(|user| user["userName"] == login);
        text(&found.unwrap_or_else(|| panic!("there is no {login}"))["id"])
    }

    fn group(&self, name: &str) -> String {
        text(&self.list("/Groups").iter().find(|group| group["displayName"] == name).expect("the group")["id"])
    }

    fn patch(&self, path: &str, operation: Value) {
        let schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
        let body = json!({ "schemas": [schema], "Operations": [operation] });
        let (status, _, body) = self.ask("PATCH", path, "", Some(&body));
        assert!(matches!(status, 200 | 204), "{path}: {status} {}", String::from_utf8_lossy(&body));
    }

    /// A member that is nobody.
    pub fn add_ghost(&self, group: &str, ghost: &str) {
        let path = format!("/Groups/{}", self.group(group));
        self.patch(&path, json!({ "op": "add", "path": "members", "value": [{ "value": ghost }] }));
    }
}

/// A tenant of the server that the stories share.
pub fn start(_: &Path) -> Arc<dyn World> {
    Arc::new(Scim::new())
}

impl World for Scim {
    fn provider(&self) -> &'static str {
        "scim"
    }

    fn settings(&self) -> String {
        "url = var.url\n  token = env(\"SCIM_TOKEN\")\n  visibility = 0\n  page_size = 500".to_owned()
    }

    fn words(&self) -> [&'static str; 3] {
        ["userName", "displayName", "title"]
    }

    fn environment(&self) -> Vec<(String, String)> {
        vec![("TENURE_VAR_url".into(), self.proxy.url.clone()), ("SCIM_TOKEN".into(), TOKEN.into())]
    }

    fn look(&self) -> Standing {
        let users = self.tenant.list("/Users");
        let logins: BTreeMap<String, String> =
            users.iter().map(|user| (text(&user["id"]), text(&user["userName"]))).collect();
        let member = |member: &Value| match logins.get(&text(&member["value"])) {
            Some(login) => login.clone(),
            None => format!("nobody ({})", text(&member["value"])),
        };
        let group = |group: &Value| {
            let members: Vec<String> = group["members"].as_array().into_iter().flatten().map(member).collect();
            let unique: BTreeSet<String> = members.iter().cloned().collect();
            assert_eq!(unique.len(), members.len(), "a member stands twice: {members:?}");
            (text(&group["displayName"]), unique)
        };
        Standing {
            accounts: users.iter().map(|user| (text(&user["userName"]), user["active"] != json!(false))).collect(),
            groups: self.tenant.list("/Groups").iter().map(group).collect(),
            ids: logins.iter().map(|(id, login)| (login.clone(), id.clone())).collect(),
        }
    }

    fn fingerprint(&self) -> String {
        format!("{:?}{:?}", self.tenant.list("/Users"), self.tenant.list("/Groups"))
    }

    fn keep(&self) {
        let lists = ["/Users", "/Groups"].map(|path| (path.to_owned(), self.tenant.list(path)));
        self.tell(|told| told.kept = lists.into());
    }

    fn add(&self, login: &str) {
        let user = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": login });
        assert_eq!(self.tenant.ask("POST", "/Users", "", Some(&user)).0, 201);
    }

    fn rename(&self, login: &str, to: &str) {
        let path = format!("/Users/{}", self.tenant.user(login));
        self.tenant.patch(&path, json!({ "op": "replace", "path": "userName", "value": to }));
    }

    fn switch(&self, login: &str, on: bool) {
        let path = format!("/Users/{}", self.tenant.user(login));
        self.tenant.patch(&path, json!({ "op": "replace", "path": "active", "value": on }));
    }

    fn join(&self, group: &str, login: &str) {
        let member = json!([{ "value": self.tenant.user(login) }]);
        let path = format!("/Groups/{}", self.tenant.group(group));
        self.tenant.patch(&path, json!({ "op": "add", "path": "members", "value": member }));
    }

    fn trouble(&self, trouble: Trouble) {
        if trouble != Trouble::Stale {
            self.keep();
        }
        self.tell(|told| told.trouble = Some(trouble));
    }

    fn mend(&self) {
        self.tell(|told| told.trouble = None);
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
