//! Approvals through the whole program: who may give them, what they are good for, and what signs them. Signatures are
//! made by the real `ssh-keygen`; those of security keys, for which it needs hardware, by the same rules here, and
//! `ssh-keygen` is asked whether it takes them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "approvals/keys.rs"]
mod keys;
mod run;

use keys::{Keys, SecurityKey};
use run::{Folder, texts};

const CONFIGURATION: &str = r#"
settings {
  state = "acme.tenure"
  approvals {
    RULES
  }
}
system "chat" {
  provider = "directory"
  match    = self.key == account.login
  account { login = self.key }
}
group "chat" "team" { members = [person.ada, person.bob, person.cat, person.dan] }
role "employee" {
  when   = true
  access = [system.chat]
}
person "ada" {}
person "bob" {}
person "cat" {}
person "dan" {}
"#;

/// A plan that empties a group, which a safeguard holds, and an approval of that, written by Ada.
struct Scene {
    folder: Folder,
    keys: Keys,
}

impl Scene {
    fn new(rules: &str) -> Scene {
        let keys = Keys::new();
        let rules = rules.replace("SIGNERS", &format!("allowed_signers = \"{}\"", keys.signers().display()));
        let mut folder = Folder::new(&[("access.hcl", &CONFIGURATION.replace("RULES", &rules))]);
        folder.environment = vec![("GITHUB_ACTOR".into(), "ada".into())];
        folder.run("init", 0);
        folder.run("apply --auto-approve", 0);
        folder.write(
            "access.hcl",
            &folder.read("access.hcl").replace("person.ada, person.bob, person.cat, person.dan", ""),
        );
        folder.run("plan --out acme.plan", 3);
        folder.run("approve acme.plan --finding mass-removal --reason sold --out sold", 0);
        Scene { folder, keys }
    }

    fn memberships(&self) -> usize {
        self.folder.read("directory/chat/memberships.jsonl").lines().count()
    }

    /// Who runs apply.
    fn as_runner(&mut self, who: &str) -> &mut Scene {
        self.folder.environment = vec![("GITHUB_ACTOR".into(), who.into())];
        self
    }

    /// Signs the approval; the signature stands in `sold.NAME.sig`.
    fn sign(&self, name: &str, kind: &[&str]) {
        let signature = self.keys.sign(name, kind, "tenure", self.folder.read("sold").as_bytes());
        self.folder.write(&format!("sold.{name}.sig"), &signature);
    }

    /// Applies with the approval, which is refused: nothing is changed, on the system or in the record; why.
    #[track_caller]
    fn refused(&self) -> String {
        let record = self.folder.read("acme.tenure");
        let output = self.folder.command("apply acme.plan --approval sold").output().unwrap();
        let (printed, said) = texts(&output);
        assert_eq!(output.status.code(), Some(1), "{printed}{said}");
        assert_eq!((self.memberships(), self.folder.read("acme.tenure")), (4, record));
        let said = said.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let said = said.replace(&self.keys.signers().display().to_string(), "[SIGNERS]");
        said.trim_start_matches("the approval sold is refused: ").to_owned()
    }

    /// Applies with the approval: exactly what it is about is done, and the record knows who signed.
    #[track_caller]
    fn taken(&self, signers: &str) {
        self.folder.run("apply acme.plan --approval sold", 0);
        assert_eq!(self.memberships(), 0);
        let record = self.folder.read("acme.tenure");
        let line =
            record.lines().find(|line| line.contains("\"event\":\"approved\"")).expect("the approval is recorded");
        let line: serde_json::Value = serde_json::from_str(&line[65..]).unwrap();
        let found: Vec<&str> =
            line["signers"].as_array().into_iter().flatten().filter_map(|name| name.as_str()).collect();
        assert_eq!((found.join(" ").as_str(), &line["by"]), (signers, &"ada (GitHub Actions)".into()));
        // One time.
        let again = self.folder.command("apply acme.plan --approval sold").output().unwrap();
        assert_ne!(again.status.code(), Some(0));
        self.folder.run("state verify", 0);
    }
}

#[test]
fn whoever_runs_apply_has_neither_written_nor_signed_it() {
    let mut scene = Scene::new("not_by_runner = true");
    assert_eq!(scene.refused(), "ada (GitHub Actions) wrote it and runs this too: somebody else must approve");
    // However she is called.
    assert_eq!(
        scene.as_runner("Ada").refused(),
        "ada (GitHub Actions) wrote it and runs this too: somebody else must approve"
    );
    scene.as_runner("bob").taken("");

    let mut scene = Scene::new("not_by_runner = true\n    signatures = 1\n    SIGNERS");
    scene.keys.allow(&[("bob@acme.example", "", "bob"), ("cat@acme.example", "", "cat")]);
    scene.sign("bob", &["ed25519"]);
    assert_eq!(scene.as_runner("bob").refused(), "it needs a signature from different people, and has 0");
    scene.sign("cat", &["ed25519"]);
    scene.as_runner("bob").taken("bob@acme.example cat@acme.example");
}

#[test]
fn so_many_people_must_have_signed_with_whatever_keys() {
    let scene = Scene::new("signatures = 4\n    SIGNERS");
    let kinds: [(&str, &[&str]); 4] = [
        ("ed", &["ed25519"]),
        ("rsa", &["rsa", "-b", "2048"]),
        ("p256", &["ecdsa", "-b", "256"]),
        ("p384", &["ecdsa", "-b", "384"]),
    ];
    for (n, (name, kind)) in kinds.into_iter().enumerate() {
        assert_eq!(scene.refused(), format!("it needs 4 signatures from different people, and has {n}"), "{name}");
        scene.sign(name, kind);
        scene.keys.allow(&kinds[..=n].iter().map(|(name, _)| (*name, "", *name)).collect::<Vec<_>>());
    }
    // The same person with two keys is one person.
    scene.keys.allow(&[("ed", "", "ed"), ("ed", "", "rsa"), ("p256", "", "p256"), ("p384", "", "p384")]);
    assert_eq!(scene.refused(), "it needs 4 signatures from different people, and has 3");
    scene.keys.allow(&kinds.map(|(name, _)| (name, "", name)));
    scene.taken("ed p256 p384 rsa");
}

#[test]
fn security_keys_sign_when_they_are_touched() {
    let scene = Scene::new("signatures = 2\n    SIGNERS");
    let approval = scene.folder.read("sold");
    let (ed25519, p256) = (SecurityKey::ed25519(), SecurityKey::p256());
    scene.keys.write_signers(&format!("eve {}\nfay {}\n", ed25519.public(), p256.public()));
    for (name, key) in [("eve", &ed25519), ("fay", &p256)] {
        let signature = key.sign("tenure", approval.as_bytes(), true);
        assert!(scene.keys.ssh_keygen_takes(name, approval.as_bytes(), &signature), "ssh-keygen does not take it");
        let untouched = key.sign("tenure", approval.as_bytes(), false);
        scene.folder.write(&format!("sold.{name}.sig"), &untouched);
        let why = "does not do: it does not fit what was signed: the file or the signature was changed";
        assert_eq!(scene.refused(), format!("the signature ./sold.{name}.sig {why}"));
        scene.folder.write(&format!("sold.{name}.sig"), &signature);
    }
    scene.taken("eve fay");
}

#[test]
fn what_is_refused() {
    let scene = Scene::new("signatures = 1\n    SIGNERS");
    let approval = scene.folder.read("sold");
    let public = scene.keys.public("ada", &["ed25519"]);
    let allow = |options: &str| scene.keys.write_signers(&format!("ada {options} {public}\n"));
    let signature = |name: &str, namespace: &str, bytes: &str| {
        scene.folder.write("sold.sig", &scene.keys.sign(name, &["ed25519"], namespace, bytes.as_bytes()));
    };
    let sound = || {
        scene.folder.write("sold", &approval);
        allow("");
        signature("ada", "tenure", &approval);
    };
    let bad = |why: &str| format!("the signature ./sold.sig does not do: {why}");
    sound();
    std::fs::remove_file(scene.folder.path().join("sold.sig")).unwrap();
    assert_eq!(scene.refused(), "it needs a signature from different people, and has 0");

    sound();
    signature("mallory", "tenure", &approval);
    assert_eq!(scene.refused(), bad("its key is not among the allowed signers"));

    sound();
    signature("ada", "git", &approval);
    assert_eq!(scene.refused(), bad("it was made for \"git\", not for \"tenure\""));

    sound();
    signature("ada", "tenure", "something else");
    assert_eq!(scene.refused(), bad("it does not fit what was signed: the file or the signature was changed"));

    sound();
    let text = scene.folder.read("sold.sig");
    scene.folder.write("sold.sig", &text.replacen("-----\n", "-----\nAAAA", 1));
    assert_eq!(scene.refused(), bad("it is not an SSH signature: it is cut off, or of another version"));

    // The addresses were changed after it was written, and somebody signed that.
    sound();
    let changed = approval.replace("membership.chat.team.dan", "membership.chat.team.eve");
    assert_ne!(changed, approval);
    scene.folder.write("sold", &changed);
    signature("ada", "tenure", &changed);
    let said = scene.refused();
    assert!(said.starts_with("the approval sold was changed after it was written: its SHA-256 is "), "{said}");

    for (options, why) in [
        ("namespaces=\"git\"", "the key of ada may not sign for \"tenure\""),
        ("valid-before=\"20200101\"", "the key of ada was good only until 2020-01-01T00:00:00.000Z"),
        ("valid-after=\"20990101Z\"", "the key of ada is good only after 2099-01-01T00:00:00.000Z"),
    ] {
        sound();
        allow(options);
        assert_eq!(scene.refused(), bad(why), "{options}");
    }

    sound();
    allow("cert-authority");
    assert_eq!(scene.refused(), "[SIGNERS], line 1: certificates are not supported: name the keys themselves");

    // All that was tried took nothing from what is right.
    sound();
    allow("namespaces=\"tenure\",valid-after=\"20200101\",valid-before=\"20990101Z\"");
    scene.taken("ada");
}

#[test]
fn it_is_good_for_its_plan_and_its_time_alone() {
    let scene = Scene::new("");
    // Expired.
    scene.folder.run("approve acme.plan --finding mass-removal --reason sold --expires 1ms --out late", 0);
    std::fs::rename(scene.folder.path().join("sold"), scene.folder.path().join("right")).unwrap();
    std::fs::rename(scene.folder.path().join("late"), scene.folder.path().join("sold")).unwrap();
    let said = scene.refused();
    assert!(said.starts_with("it expired at "), "{said}");
    // Of another plan: there Ada goes, and here the others.
    let approve = |addresses: &str| {
        std::fs::remove_file(scene.folder.path().join("sold")).unwrap();
        scene.folder.run(&format!("approve acme.plan --finding mass-removal --reason sold {addresses} --out sold"), 0);
    };
    approve("--address membership.chat.team.ada");
    let access = scene.folder.read("access.hcl");
    scene.folder.write("access.hcl", &access.replace("members = []", "members = [person.ada]"));
    scene.folder.run("plan --out acme.plan", 3);
    let others = "membership.chat.team.bob, membership.chat.team.cat, membership.chat.team.dan";
    assert_eq!(scene.refused(), format!("it does not cover what `mass-removal` holds in this plan: {others}"));
    // Of a part: that goes, and the rest stays held.
    approve("--address membership.chat.team.bob");
    scene.folder.run("apply acme.plan --approval sold", 3);
    assert_eq!(scene.memberships(), 3);
    // What is more than a plan asks for stays for a later one.
    std::fs::rename(scene.folder.path().join("right"), scene.folder.path().join("sold")).unwrap();
    scene.folder.write("access.hcl", &access.replace("members = []", "members = [person.ada, person.bob]"));
    scene.folder.run("apply --auto-approve --approval sold", 0);
    assert_eq!(scene.memberships(), 2);
    scene.folder.write("access.hcl", &access.replace("members = []", "members = [person.bob]"));
    scene.folder.run("apply --auto-approve --approval sold", 0);
    assert_eq!(scene.memberships(), 1);
}

/// The keys lie where whoever may change the configuration cannot change them, whatever path leads there.
#[test]
fn keys_inside_the_configuration_are_refused() {
    let scene = Scene::new("signatures = 1\n    SIGNERS");
    scene.sign("ada", &["ed25519"]);
    scene.keys.allow(&[("ada", "", "ada")]);
    let (outside, inside) = (scene.keys.signers(), scene.folder.path().join("signers"));
    std::fs::rename(&outside, &inside).unwrap();
    std::os::unix::fs::symlink(&inside, &outside).unwrap();
    assert_eq!(scene.refused(), "the allowed signers in [SIGNERS] lie inside the configuration folder");
    std::fs::remove_file(&outside).unwrap();
    assert_eq!(scene.refused(), "cannot read the allowed signers in [SIGNERS]: No such file or directory (os error 2)");
    std::fs::rename(&inside, &outside).unwrap();
    scene.taken("ada");
}
