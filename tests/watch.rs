//! `tenure watch` over three real servers: who is switched off in the personnel department's directory is locked out of the
//! chat and the warehouse within seconds; whatever is killed meanwhile, nothing is missed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "../providers/tests/servers/postgresql.rs"]
mod postgresql;
#[path = "../providers/tests/servers/mod.rs"]
mod scim;
#[path = "../providers/tests/servers/openldap.rs"]
mod slapd;

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use postgresql::Cluster;
use scim::Server;
use slapd::{BASE, Slapd};

const FILES: &str = r#"
variable "hr" { type = string }
variable "chat" { type = string }
variable "warehouse" { type = string }

settings {
  watch {
    interval = "1h" # what follows is heard of
    apply    = ["deactivate", "revoke"]
  }
}

people "staff" {
  from   = system.hr
  key    = row.uid
  email  = row.mail
  status = row.active ? "active" : "left"
}

system "hr" {
  provider = "ldap"
  url      = var.hr
  base     = "dc=example,dc=test"
  bind     = "cn=prov,dc=example,dc=test"
  password = env("PASSWORD")
  policy   = "cn=default,ou=policies,dc=example,dc=test"
}

system "chat" {
  provider   = "scim"
  url        = var.chat
  token      = env("TOKEN")
  visibility = 1
  match      = self.email == lower(account.userName)
  account {
    userName = self.email
  }
}

system "warehouse" {
  provider = "postgresql"
  url      = var.warehouse
  password = env("PASSWORD")
  timeout  = 3
  match    = self.key == account.name
  account {
    on_create {
      name = self.key
    }
  }
}

group "chat" "everyone" {
  displayName = "Everyone"
}

role "employee" {
  when   = true
  access = [group.chat.everyone, system.warehouse]
}
"#;

struct Scene {
    folder: tempfile::TempDir,
    hr: Slapd,
    hr_options: Vec<String>,
    chat: Server,
    warehouse: Cluster,
}

impl Scene {
    /// Fifty people with accounts on both.
    fn new() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).unwrap().port();
        let data = folder.path().join("hr").to_str().unwrap().to_owned();
        let hr_options: Vec<String> = vec!["--folder".into(), data, port.to_string(), slapd::PASSWORD.into()];
        let hr = Scene::start_hr(&hr_options);
        let people: String = (1..=50)
            .map(|n| {
                format!(
                    "dn: uid=p{n},ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: p{n}\ncn: Person {n}\nsn: {n}\n\
                     mail: p{n}@acme.example\n\n"
                )
            })
            .collect();
        hr.add(&people);
        std::fs::write(folder.path().join("access.hcl"), FILES).unwrap();
        let scene = Scene { folder, hr, hr_options, chat: Server::scim2_server(), warehouse: Cluster::start() };
        scene.run(&["init"]);
        scene.run(&["apply", "--auto-approve"]);
        scene
    }

    fn start_hr(options: &[String]) -> Slapd {
        Slapd::start_with(&options.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn tenure(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("PASSWORD", slapd::PASSWORD).env("TOKEN", scim::TOKEN);
        command
            .env("TENURE_VAR_hr", &self.hr.url)
            .env("TENURE_VAR_chat", &self.chat.url)
            .env("TENURE_VAR_warehouse", &self.warehouse.url);
        command
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        let output = self.tenure(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}:\n{text}");
        text
    }

    /// The personnel department switches somebody off.
    fn leaves(&self, login: &str) -> Instant {
        let dn = format!("uid={login},ou=people,{BASE}");
        self.hr.modify(&format!(
            "dn: {dn}\nchangetype: modify\nadd: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n"
        ));
        Instant::now()
    }

    /// Whether somebody can still get in.
    fn is_in_chat(&self, login: &str) -> bool {
        let filter = format!("filter=userName%20eq%20%22{login}@acme.example%22");
        let answer = Command::new("curl")
            .args(["--silent", "--fail", "--header", &format!("Authorization: Bearer {}", scim::TOKEN)])
            .arg(format!("{}/Users?{filter}", self.chat.url))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        assert!(text.contains("\"totalResults\":1") || text.contains("\"totalResults\": 1"), "{text}");
        text.contains("\"active\":true") || text.contains("\"active\": true")
    }

    fn is_in_warehouse(&self, login: &str) -> bool {
        self.warehouse.run("postgres", &format!("SELECT rolcanlogin FROM pg_roles WHERE rolname = '{login}'")) == "t"
    }

    /// How long it took until somebody could get in nowhere any more: chat, then everywhere.
    fn locked_out(&self, login: &str, since: Instant, watch: &mut Watching) -> (Duration, Duration) {
        let mut chat = None;
        loop {
            if chat.is_none() && !self.is_in_chat(login) {
                chat = Some(since.elapsed());
            }
            if let Some(chat) = chat
                && !self.is_in_warehouse(login)
            {
                return (chat, since.elapsed());
            }
            assert!(since.elapsed() < Duration::from_secs(60), "{login} is still in: {}", watch.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn watch(&self) -> Watching {
        let log = self.folder.path().join("watch.log");
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut command = self.tenure(&["watch", "--json"]);
        let child = command.stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
        Watching { child, log }
    }
}

/// `tenure watch --json`, and what it tells.
struct Watching {
    child: Child,
    log: std::path::PathBuf,
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Watching {
    fn log(&self) -> String {
        let mut text = String::new();
        std::fs::File::open(&self.log).and_then(|mut file| file.read_to_string(&mut text)).unwrap();
        text
    }

    fn count(&self, what: &str) -> usize {
        self.log().matches(what).count()
    }

    /// Waits until `what` was told more often than `before`.
    #[track_caller]
    fn wait_for(&self, what: &str, before: usize) {
        let began = Instant::now();
        while self.count(what) <= before {
            assert!(began.elapsed() < Duration::from_secs(60), "no {what}: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until no round came for so many seconds; how many there were.
    fn rests(&self, seconds: u64) -> usize {
        let began = Instant::now();
        let mut rounds = self.count("\"event\":\"round\"");
        let mut since = Instant::now();
        while since.elapsed() < Duration::from_secs(seconds) {
            std::thread::sleep(Duration::from_millis(100));
            let now = self.count("\"event\":\"round\"");
            if now != rounds {
                (rounds, since) = (now, Instant::now());
            }
            assert!(began.elapsed() < Duration::from_secs(120), "rounds do not end: {}", self.log());
        }
        rounds
    }
}

#[test]
fn who_is_switched_off_in_the_personnel_department_is_locked_out_everywhere() {
    let mut scene = Scene::new();
    let mut watch = scene.watch();
    for system in ["hr\",\"how\":\"syncrepl", "chat\",\"how\":\"polling meta", "warehouse\",\"how\":\"polling the cat"]
    {
        watch.wait_for(&format!("\"event\":\"hears\",\"system\":\"{system}"), 0);
    }
    let before = watch.rests(2);
    let since = scene.leaves("p1");
    let (chat, everywhere) = scene.locked_out("p1", since, &mut watch);
    println!("out of the chat after {chat:.2?}, out of everything after {everywhere:.2?}");
    // What tenure itself changed is heard of, too: once more it looks, on each of the two, and there is nothing to do.
    let after = watch.rests(7);
    assert!((before + 1..=before + 4).contains(&after), "{before} and {after} rounds: {}", watch.log());
    assert_eq!(watch.count("\"event\":\"applied\""), 1, "{}", watch.log());
    let history = scene.run(&["history", "person.p1"]);
    for step in ["tenure watch --json", "account.chat.p1  deactivate", "account.warehouse.p1  deactivate"] {
        assert!(history.contains(step), "{step}: {history}");
    }

    // Killed as soon as it is about to lock somebody out of the chat; the next one does the rest. What happened while there
    // was none is not missed either, and does not wait until it is known what became of that call.
    let begun = || {
        let record = std::fs::read_to_string(scene.folder.path().join("state/tenure.state")).unwrap();
        let of_p2 = |line: &str| line.contains("\"account.chat.p2\"") && line.contains("\"deactivate\"");
        record.lines().any(of_p2)
    };
    scene.leaves("p2");
    let began = Instant::now();
    while !begun() {
        assert!(began.elapsed() < Duration::from_secs(60), "nothing is begun: {}", watch.log());
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(watch);
    let verified = scene.run(&["state", "verify"]);
    let doubt = verified.contains("in doubt");
    let since = scene.leaves("p3");
    let mut watch = scene.watch();
    let (_, everywhere) = scene.locked_out("p3", since, &mut watch);
    println!("killed, in doubt: {doubt}; somebody else out of everything after {everywhere:.2?}");
    assert!(everywhere < Duration::from_secs(15), "{everywhere:?}: {}", watch.log());
    scene.locked_out("p2", since, &mut watch);
    let began = Instant::now();
    while scene.run(&["state", "verify"]).contains("in doubt") {
        assert!(began.elapsed() < Duration::from_secs(60), "nobody looks at what is in doubt: {}", watch.log());
        std::thread::sleep(Duration::from_millis(500));
    }

    // The directory goes away: that is told once; it comes back, and is heard again.
    scene.hr.stop();
    watch.wait_for("\"event\":\"deaf\",\"system\":\"hr\"", 0);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(watch.count("\"event\":\"deaf\""), 1, "{}", watch.log());
    let heard = watch.count("\"event\":\"hears\",\"system\":\"hr\"");
    scene.hr = Scene::start_hr(&scene.hr_options);
    watch.wait_for("\"event\":\"hears\",\"system\":\"hr\"", heard);
    let since = scene.leaves("p4");
    scene.locked_out("p4", since, &mut watch);

    // A storm of changes that are none of tenure's business: few rounds.
    let before = watch.rests(2);
    let storm: Vec<String> = (0..2_000)
        .map(|n| {
            format!(
                "dn: uid=p{},ou=people,{BASE}\nchangetype: modify\nreplace: description\ndescription: {n}\n\n",
                n % 10 + 10
            )
        })
        .collect();
    let began = Instant::now();
    storm.chunks(400).for_each(|changes| scene.hr.modify(&changes.concat()));
    let took = began.elapsed().as_secs() as usize;
    let after = watch.rests(2);
    assert!(after - before <= 4 + took, "{} rounds in {took} s: {}", after - before, watch.log());
    assert!(!watch.log().contains(slapd::PASSWORD) && !watch.log().contains(scim::TOKEN));
    assert!(scene.run(&["plan", "--detailed-exitcode"]).starts_with("Nothing to change"));
    assert!(scene.run(&["state", "verify"]).contains("each as it was written"));
}
