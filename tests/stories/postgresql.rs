//! A real PostgreSQL cluster, which no other story has at the time.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use crate::cluster::Cluster;
use crate::end;
use crate::world::{Standing, Trouble, World};

/// The password of the role that tenure connects as: no superuser.
const PASSWORD: &str = "tenure-password";

/// Clusters that no story has at present, with nothing in them.
static FREE: Mutex<Vec<Place>> = Mutex::new(Vec::new());

/// A cluster with its data; beside it copies of it. It is made once, and goes from story to story.
struct Place {
    folder: PathBuf,
    port: u16,
    /// None while it is down.
    cluster: Option<Cluster>,
}

pub struct Postgresql {
    place: Mutex<Place>,
    trouble: Mutex<Option<Trouble>>,
}

impl Drop for Postgresql {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let gone = "DO $$ DECLARE r name; BEGIN FOR r IN SELECT rolname FROM pg_roles WHERE oid >= 16384 AND \
                        rolname <> 'tenure' LOOP EXECUTE format('DROP ROLE %I', r); END LOOP; END $$";
            let place = self.place.get_mut().unwrap();
            place.run(gone);
            let place = std::mem::replace(place, Place { folder: PathBuf::new(), port: 0, cluster: None });
            FREE.lock().unwrap().push(place);
        }
    }
}

impl Place {
    fn new() -> Place {
        let folder = folder();
        copy(template(), &folder.join("now"));
        let mut place = Place { folder, port: free_port(), cluster: None };
        place.up("now");
        place
    }

    fn up(&mut self, data: &str) {
        let data = self.folder.join(data);
        self.cluster = Some(Cluster::start_with(&["--folder", data.to_str().unwrap(), &self.port.to_string()]));
    }

    /// As by a machine that loses its power: nothing is tidied up.
    fn down(&mut self) {
        self.cluster = None;
    }

    fn run(&self, sql: &str) -> String {
        self.cluster.as_ref().expect("the server is down").run("postgres", sql)
    }

    fn set_aside(&mut self, name: &str) {
        self.run("CHECKPOINT");
        self.down();
        copy(&self.folder.join("now"), &self.folder.join(name));
        self.up("now");
    }
}

/// A folder below which the server's own user may have folders; it is taken away in the end.
fn folder() -> PathBuf {
    let folder = tempfile::tempdir().unwrap().keep();
    end::remove(&folder);
    assert!(Command::new("chmod").arg("711").arg(&folder).status().unwrap().success());
    folder
}

/// A cluster with nothing in it but the role that tenure connects as, and two databases.
fn template() -> &'static Path {
    static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let data = folder().join("template");
        let cluster = Cluster::start_with(&["--folder", data.to_str().unwrap()]);
        let role = "CREATE ROLE tenure LOGIN CREATEROLE PASSWORD";
        cluster.run("postgres", &format!("{role} '{PASSWORD}' IN ROLE pg_signal_backend; CHECKPOINT"));
        cluster.run("postgres", "CREATE DATABASE sales");
        cluster.run("sales", "CREATE TABLE orders (n int)");
        cluster.run("sales", "GRANT SELECT ON orders TO tenure WITH GRANT OPTION; CHECKPOINT");
        data
    })
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    // With owners and modes, which the server insists on.
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success(), "{} to {}", from.display(), to.display());
}

const ROLES: &str =
    "SELECT rolname, rolcanlogin, oid FROM pg_roles WHERE oid >= 16384 AND rolname <> 'tenure' ORDER BY 1";
const MEMBERS: &str =
    "SELECT roleid::regrole, member::regrole FROM pg_auth_members WHERE roleid >= 16384 ORDER BY 1, 2";

/// A cluster that no other story has.
pub fn start(_: &Path) -> Arc<dyn World> {
    let free = FREE.lock().unwrap().pop();
    Arc::new(Postgresql { place: Mutex::new(free.unwrap_or_else(Place::new)), trouble: Mutex::new(None) })
}

impl Postgresql {
    fn run(&self, sql: &str) -> String {
        self.place.lock().unwrap().run(sql)
    }
}

impl World for Postgresql {
    fn provider(&self) -> &'static str {
        "postgresql"
    }

    fn settings(&self) -> String {
        "url = var.url\n  password = env(\"PG_PASSWORD\")\n  databases = [\"sales\"]".to_owned()
    }

    fn words(&self) -> [&'static str; 3] {
        ["name", "name", "comment"]
    }

    fn environment(&self) -> Vec<(String, String)> {
        let url = format!("postgres://tenure@127.0.0.1:{}/postgres", self.place.lock().unwrap().port);
        vec![("TENURE_VAR_url".into(), url), ("PG_PASSWORD".into(), PASSWORD.into())]
    }

    fn look(&self) -> Standing {
        let mut standing = Standing::default();
        for line in self.run(ROLES).lines() {
            let parts: Vec<&str> = line.split('|').collect();
            if parts[0].to_lowercase().starts_with("login") {
                standing.accounts.insert(parts[0].to_owned(), parts[1] == "t");
                standing.ids.insert(parts[0].to_owned(), parts[2].to_owned());
            } else {
                standing.groups.insert(parts[0].to_owned(), BTreeSet::new());
            }
        }
        let mut members: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let lines = self.run(MEMBERS);
        for line in lines.lines() {
            let (group, member) = line.split_once('|').unwrap();
            members.entry(group.trim_matches('"')).or_default().insert(member.trim_matches('"').to_owned());
        }
        for (group, members) in members {
            standing.groups.insert(group.to_owned(), members);
        }
        standing
    }

    fn fingerprint(&self) -> String {
        if self.place.lock().unwrap().cluster.is_none() {
            return "down".to_owned();
        }
        format!("{}\n{}", self.run(ROLES), self.run(MEMBERS))
    }

    fn keep(&self) {
        self.place.lock().unwrap().set_aside("kept");
    }

    fn add(&self, login: &str) {
        self.run(&format!("CREATE ROLE \"{login}\" LOGIN"));
    }

    fn rename(&self, login: &str, to: &str) {
        self.run(&format!("ALTER ROLE \"{login}\" RENAME TO \"{to}\""));
    }

    fn switch(&self, login: &str, on: bool) {
        self.run(&format!("ALTER ROLE \"{login}\" {}", if on { "LOGIN" } else { "NOLOGIN" }));
    }

    fn join(&self, group: &str, login: &str) {
        self.run(&format!("GRANT \"{group}\" TO \"{login}\""));
    }

    fn trouble(&self, trouble: Trouble) {
        *self.trouble.lock().unwrap() = Some(trouble);
        let mut place = self.place.lock().unwrap();
        match trouble {
            Trouble::Empty => {
                place.down();
                copy(template(), &place.folder.join("empty"));
                place.up("empty");
            }
            Trouble::Error => drop(place.run("ALTER ROLE tenure PASSWORD 'another'")),
            Trouble::Forbidden => drop(place.run("REVOKE SELECT ON pg_roles, pg_auth_members FROM PUBLIC")),
            Trouble::Half => drop(place.run("REVOKE CONNECT ON DATABASE sales FROM PUBLIC")),
            Trouble::HalfBlind => unreachable!("what is listed is found by its id here"),
            Trouble::HalfUnseen => {
                place.set_aside("before");
                let logins = place.run("SELECT rolname FROM pg_roles WHERE rolname ILIKE 'login%' ORDER BY 1");
                let logins: Vec<&str> = logins.lines().collect();
                for login in &logins[logins.len() / 2..] {
                    place.run(&format!("DROP ROLE \"{login}\""));
                }
            }
            Trouble::NoGroups => {
                place.set_aside("before");
                place.run("DROP ROLE \"all\", admins");
            }
            Trouble::Down => place.down(),
            Trouble::Stale => {
                place.down();
                place.up("kept");
            }
        }
    }

    fn mend(&self) {
        let mut place = self.place.lock().unwrap();
        match self.trouble.lock().unwrap().take().expect("there is trouble") {
            Trouble::Empty | Trouble::Stale => {
                place.down();
                place.up("now");
            }
            Trouble::Error => drop(place.run(&format!("ALTER ROLE tenure PASSWORD '{PASSWORD}'"))),
            Trouble::Forbidden => drop(place.run("GRANT SELECT ON pg_roles, pg_auth_members TO PUBLIC")),
            Trouble::Half => drop(place.run("GRANT CONNECT ON DATABASE sales TO PUBLIC")),
            Trouble::HalfBlind => unreachable!("what is listed is found by its id here"),
            Trouble::HalfUnseen | Trouble::NoGroups => {
                place.down();
                copy(&place.folder.join("before"), &place.folder.join("now"));
                place.up("now");
            }
            Trouble::Down => place.up("now"),
        }
    }
}
