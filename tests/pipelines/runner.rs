//! Runners: each job of a pipeline on a host of its own, in a fresh clone, with nothing but what the service gives it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::world::World;
use crate::yaml;

/// How a job ended.
pub struct Ended {
    /// The exit code of the step that failed; 0 where none did.
    pub code: i32,
    /// What the steps printed.
    pub log: String,
    /// What stands on the page of the run.
    pub summary: String,
}

/// Who asks for a job.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// What is checked out.
    pub reference: &'a str,
    /// From a fork: no secrets.
    pub outside: bool,
    /// What was typed where the pipeline was started by hand.
    pub typed: &'a [(&'a str, &'a str)],
}

pub fn asked(reference: &str) -> Asked<'_> {
    Asked { reference, outside: false, typed: &[] }
}

/// A host.
struct Host<'a> {
    world: &'a World,
    place: tempfile::TempDir,
    /// Folders that steps put into the PATH.
    path: Vec<String>,
    environment: BTreeMap<String, String>,
    log: String,
}

impl<'a> Host<'a> {
    fn new(world: &'a World) -> Host<'a> {
        let place = tempfile::tempdir().unwrap();
        for folder in ["home", "temp"] {
            std::fs::create_dir(place.path().join(folder)).unwrap();
        }
        for file in ["output", "path", "summary"] {
            std::fs::write(place.path().join(file), "").unwrap();
        }
        // Where things are, which differs from what the example says; what they are not.
        let environment = BTreeMap::from([("TENURE_VAR_chat_url".to_owned(), world.chat_url().to_owned())]);
        Host { world, place, path: Vec::new(), environment, log: String::new() }
    }

    fn work(&self) -> PathBuf {
        self.place.path().join("work")
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.place.path().join(file)).unwrap()
    }

    fn checkout(&self, reference: &str) {
        let clone = "git clone --quiet \"$1\" work && cd work && git fetch --quiet origin \"$2\" && git checkout --quiet FETCH_HEAD";
        let mut command = Command::new("sh");
        command.args(["-c", clone, "sh"]).arg(self.world.path("origin")).arg(reference).current_dir(self.place.path());
        assert!(command.status().unwrap().success(), "checkout of {reference}");
    }

    /// Runs a script as runners do; its exit code.
    fn run(&mut self, script: &str, environment: &BTreeMap<String, String>) -> i32 {
        let system = std::env::var("PATH").unwrap_or_default();
        let path = self.path.iter().map(String::as_str).chain([system.as_str()]).collect::<Vec<_>>().join(":");
        let printed = self.place.path().join("printed");
        let out = std::fs::File::create(&printed).unwrap();
        let status = Command::new("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
            .current_dir(self.work())
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.place.path().join("home"))
            .envs(&self.environment)
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .status()
            .unwrap();
        self.log.push_str(&String::from_utf8_lossy(&std::fs::read(printed).unwrap()));
        status.code().unwrap()
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Runs a job of a workflow of GitHub.
pub fn github(world: &World, workflow: &str, job: &str, asked: Asked<'_>) -> Ended {
    let whole = yaml::load(&format!(".github/workflows/{workflow}.yml"));
    let own = &whole["jobs"][job];
    let steps = own["steps"].as_array().unwrap_or_else(|| panic!("{workflow} has no job {job}"));
    let mut host = Host::new(world);
    let folder = host.place.path().display().to_string();
    let (release, digest) = world.release();
    let sha = world.sh("", &format!("git -C origin rev-parse {}", asked.reference));
    let set = [
        ("GITHUB_API_URL", world.api_url().to_owned()),
        ("GITHUB_REPOSITORY", "acme/access".to_owned()),
        ("GITHUB_SHA", sha.trim().to_owned()),
        ("GITHUB_ACTOR", "grace".to_owned()),
        ("GITHUB_OUTPUT", format!("{folder}/output")),
        ("GITHUB_PATH", format!("{folder}/path")),
        ("GITHUB_STEP_SUMMARY", format!("{folder}/summary")),
        ("RUNNER_TEMP", format!("{folder}/temp")),
    ];
    host.environment.extend(set.map(|(name, value)| (name.to_owned(), value)));
    for (name, value) in whole["env"].as_object().unwrap() {
        let value = match name.as_str() {
            "TENURE_URL" => release.clone(),
            "TENURE_SHA256" => digest.clone(),
            // Where the example says S3, this world has a bucket of that kind.
            "TENURE_VAR_state" => world.store()[0].1.clone(),
            _ => text(value),
        };
        host.environment.insert(name.clone(), value);
    }
    let (mut code, mut outcomes) = (0, BTreeMap::new());
    for step in steps {
        if !wanted(step, code, &outcomes) {
            continue;
        }
        let outputs = host.read("output");
        let environment: BTreeMap<String, String> = step["env"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), resolved(&text(value), asked, &outputs)))
            .collect();
        let ended = match (step["uses"].as_str(), step["run"].as_str()) {
            (Some(action), None) => uses(&mut host, action, &step["with"], asked),
            (None, Some(script)) => host.run(script, &environment),
            _ => panic!("a step of {workflow} does nothing"),
        };
        host.path = host.read("path").lines().map(str::to_owned).collect();
        if let Some(id) = step["id"].as_str() {
            outcomes.insert(id.to_owned(), ended == 0);
        }
        if code == 0 {
            code = ended;
        }
    }
    Ended { code, summary: host.read("summary"), log: host.log }
}

/// Whether a step runs: after a failure only what says so.
fn wanted(step: &Value, code: i32, outcomes: &BTreeMap<String, bool>) -> bool {
    let Some(condition) = step["if"].as_str() else { return code == 0 };
    let id = condition
        .strip_prefix("always() && steps.")
        .and_then(|rest| rest.strip_suffix(".outcome == 'success'"))
        .unwrap_or_else(|| panic!("a condition that this test does not know: {condition}"));
    outcomes.get(id).copied().unwrap_or(false)
}

/// A step that is somebody else's program: what it comes to.
fn uses(host: &mut Host<'_>, action: &str, with: &Value, asked: Asked<'_>) -> i32 {
    let name = resolved(&text(&with["name"]), asked, "");
    let artifact = host.world.artifact(&name);
    match action.split('@').next().unwrap() {
        "actions/checkout" => host.checkout(asked.reference),
        "./.github/actions/tenure" => {
            let composite = yaml::load(".github/actions/tenure/action.yml");
            for step in composite["runs"]["steps"].as_array().unwrap() {
                let code = host.run(step["run"].as_str().unwrap(), &BTreeMap::new());
                assert_eq!(code, 0, "{}", host.log);
            }
        }
        "aws-actions/configure-aws-credentials" => {
            assert!(!asked.outside, "a fork gets no credentials");
            let store = host.world.store().iter().filter(|(name, _)| name.starts_with("AWS_"));
            host.environment.extend(store.cloned());
        }
        "actions/upload-artifact" => {
            let path = with["path"].as_str().unwrap();
            let _ = std::fs::remove_dir_all(&artifact);
            std::fs::create_dir_all(&artifact).unwrap();
            std::fs::copy(host.work().join(path), artifact.join(Path::new(path).file_name().unwrap())).unwrap();
        }
        "actions/download-artifact" => {
            for file in std::fs::read_dir(artifact).unwrap().map(|file| file.unwrap()) {
                std::fs::copy(file.path(), host.work().join(file.file_name())).unwrap();
            }
        }
        other => panic!("an action that this test does not know: {other}"),
    }
    0
}

/// `${{ ... }}` as the service puts it in.
fn resolved(given: &str, asked: Asked<'_>, outputs: &str) -> String {
    let mut parts = given.split("${{");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (expression, rest) = part.split_once("}}").unwrap();
        let typed = |name: &str| asked.typed.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
        whole += &match expression.trim().split_once('.').unwrap() {
            ("secrets", "GITHUB_TOKEN") => World::secret("GITHUB_TOKEN"),
            ("secrets", _) if asked.outside => String::new(),
            ("secrets", name) => World::secret(name),
            ("vars", _) => "some-value".to_owned(),
            ("github", "event.pull_request.number") => "12".to_owned(),
            ("inputs", name) => typed(name).unwrap_or_default(),
            ("steps", "plan.outputs.differs") => {
                outputs.lines().filter_map(|line| line.strip_prefix("differs=")).next_back().unwrap().to_owned()
            }
            _ => panic!("an expression that this test does not know: {expression}"),
        };
        whole += rest;
    }
    whole
}

/// Runs a job of the pipeline of GitLab.
pub fn gitlab(world: &World, job: &str, asked: Asked<'_>) -> Ended {
    let whole = yaml::load(".gitlab-ci.yml");
    let own = &whole[job];
    let script = own["script"].as_array().unwrap_or_else(|| panic!("the pipeline has no job {job}"));
    let mut host = Host::new(world);
    host.checkout(asked.reference);
    let program = world.path("release").display().to_string();
    host.path.push(program);
    let set = [
        ("CI_API_V4_URL", world.api_url()),
        ("CI_PROJECT_ID", if asked.outside { "2" } else { "1" }),
        ("CI_MERGE_REQUEST_PROJECT_ID", "1"),
        ("CI_MERGE_REQUEST_IID", "12"),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
        ("CI_DEFAULT_BRANCH", "main"),
        ("CI_JOB_TOKEN", "job-token"),
        ("GITLAB_USER_LOGIN", "grace"),
    ];
    host.environment.extend(set.map(|(name, value)| (name.to_owned(), value.to_owned())));
    if !asked.outside {
        host.environment.extend(world.store().iter().cloned());
        for name in ["CHAT_SCIM_TOKEN", "TENURE_STATE_KEY", "PLAN_KEY", "API_TOKEN"] {
            host.environment.insert(name.to_owned(), World::secret(name));
        }
    }
    let own_variables = own["variables"].as_object().into_iter().flatten();
    host.environment.extend(own_variables.map(|(name, value)| (name.clone(), text(value))));
    host.environment.extend(asked.typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    for needed in own["needs"].as_array().into_iter().flatten() {
        for file in std::fs::read_dir(world.artifact(needed.as_str().unwrap())).unwrap().map(|file| file.unwrap()) {
            std::fs::copy(file.path(), host.work().join(file.file_name())).unwrap();
        }
    }
    let lines: Vec<String> = script.iter().map(text).collect();
    let code = host.run(&lines.join("\n"), &BTreeMap::new());
    let artifacts = &own["artifacts"];
    if code == 0 || artifacts["when"] == "always" {
        for path in artifacts["paths"].as_array().into_iter().flatten().map(text) {
            // For the jobs that need this one, and for who asks the API for the newest of it.
            for target in [world.artifact(job), world.artifact("")] {
                std::fs::create_dir_all(&target).unwrap();
                if host.work().join(&path).exists() {
                    std::fs::copy(host.work().join(&path), target.join(&path)).unwrap();
                }
            }
        }
    }
    Ended { code, summary: String::new(), log: host.log }
}
