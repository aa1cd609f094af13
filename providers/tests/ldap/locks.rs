//! Leavers: locked where the lock is honoured, else it is said.

use state::{Action, Kind, Outcome, Presence, Target, Value};

use crate::helper::{connect, done, object, order, person, refused, settings, try_connect};
use crate::openldap::{BASE, Slapd};

const DEFAULT: &str = "cn=default,ou=policies,dc=example,dc=test";
const LENIENT: &str = "cn=lenient,ou=policies,dc=example,dc=test";

#[tokio::test]
async fn a_locked_account_cannot_bind_and_comes_back() {
    let server = Slapd::start();
    let system = connect(&server, &[("lock", "ppolicy".into()), ("policy", DEFAULT.into())]).await;
    let mut create = order(Action::Create, None, Kind::Account, &person("ada"));
    create.secrets.0.push(("userPassword".into(), "correct horse".into()));
    let id = done(system.execute(create).await).id;
    let dn = format!("uid=ada,ou=people,{BASE}");
    assert!(server.bind(&dn, "correct horse").is_ok());
    assert!(!done(system.change(Action::Deactivate, Target::Account(id), &[]).await).active);
    let said = server.bind(&dn, "correct horse").unwrap_err();
    assert!(said.contains("Invalid credentials (49)"), "{said}");
    assert!(matches!(system.look(Target::Account(id)).await, Presence::Here(account) if !account.active));
    // Once more changes nothing.
    assert!(!done(system.change(Action::Deactivate, Target::Account(id), &[]).await).active);
    assert!(done(system.change(Action::Reactivate, Target::Account(id), &[]).await).active);
    assert!(server.bind(&dn, "correct horse").is_ok());
    let (_, capabilities) = system.reader.describe().await.unwrap();
    insta::assert_snapshot!(capabilities.outlasts.unwrap(), @"SSH keys, client certificates, Kerberos tickets, and sessions that are open");
}

#[tokio::test]
async fn a_lock_after_wrong_passwords_is_no_deactivation() {
    let server = Slapd::start();
    let system = connect(&server, &[("policy", DEFAULT.into())]).await;
    let id = system.created(Kind::Account, &person("ada")).await;
    let dn = format!("uid=ada,ou=people,{BASE}");
    server.modify(&format!(
        "dn: {dn}\nchangetype: modify\nreplace: pwdAccountLockedTime\npwdAccountLockedTime: 20260101000000Z\n"
    ));
    assert!(matches!(system.look(Target::Account(id)).await, Presence::Here(account) if account.active));
    done(system.change(Action::Deactivate, Target::Account(id), &[]).await);
    assert_eq!(server.show(&dn, &["pwdAccountLockedTime"]), "pwdAccountLockedTime: 000001010000Z");
}

#[tokio::test]
async fn a_policy_that_would_not_honour_a_lock_is_told() {
    let server = Slapd::start();
    let attempt = |more: &[(&'static str, Value)]| try_connect(settings(&server, more));
    let error = attempt(&[("lock", "ppolicy".into()), ("policy", LENIENT.into())]).await.err().unwrap();
    let place = server.url.clone();
    insta::assert_snapshot!(format!("{} ({})", error.message, error.hint).replace(&place, "URL"), @r#"system.corp: URL: lock = "ppolicy": the password policy cn=lenient,ou=policies,dc=example,dc=test has not pwdLockout TRUE, so it would not honour a lock (have the policy in force say pwdLockout TRUE, name it by policy, or lock by an attribute or a branch)"#);
    // Which policy is in force cannot be seen by cn=prov, and not both would honour a lock.
    let error = attempt(&[("lock", "ppolicy".into())]).await.err().unwrap();
    insta::assert_snapshot!(error.message.replace(&place, "URL"), @r#"system.corp: URL: lock = "ppolicy": which password policy is in force cannot be seen, and not all of them have pwdLockout TRUE"#);
    let system = attempt(&[]).await.unwrap();
    assert!(!system.reader.describe().await.unwrap().1.deactivate);
    let proof = system.inventory().await.unwrap().complete.proof;
    assert!(proof.contains("accounts cannot be locked: which password policy is in force cannot be seen"), "{proof}");
    // The entry's own policy counts.
    let system = attempt(&[("policy", DEFAULT.into())]).await.unwrap();
    let id = system.created(Kind::Account, &person("ada")).await;
    server.modify(&format!(
        "dn: uid=ada,ou=people,{BASE}\nchangetype: modify\nadd: pwdPolicySubentry\npwdPolicySubentry: {LENIENT}\n"
    ));
    let said = refused(system.change(Action::Deactivate, Target::Account(id), &[]).await);
    insta::assert_snapshot!(said, @"account.corp.ada: the password policy cn=lenient,ou=policies,dc=example,dc=test in force for it has not pwdLockout TRUE, so it would not honour a lock by pwdAccountLockedTime; nothing was written");
    assert!(matches!(system.look(Target::Account(id)).await, Presence::Here(account) if account.active));
}

#[tokio::test]
async fn other_locks_are_set_and_taken_back() {
    let server = Slapd::start();
    let table = [
        (
            object(&[("attribute", "employeeType"), ("value", "former"), ("active", "active")]),
            "employeeType: former",
            "employeeType: active",
        ),
        (object(&[("attribute", "employeeType"), ("value", "former")]), "employeeType: former", ""),
    ];
    for (n, (lock, off, on)) in table.into_iter().enumerate() {
        let system = connect(&server, &[("lock", lock)]).await;
        let login = ["ada", "grace"][n];
        let id = system.created(Kind::Account, &person(login)).await;
        let dn = format!("uid={login},ou=people,{BASE}");
        done(system.change(Action::Deactivate, Target::Account(id), &[]).await);
        assert_eq!(server.show(&dn, &["employeeType"]), off);
        done(system.change(Action::Reactivate, Target::Account(id), &[]).await);
        assert_eq!(server.show(&dn, &["employeeType"]), on);
    }
    let former = format!("ou=former,{BASE}");
    let system = connect(
        &server,
        &[("lock", object(&[("branch", &former)])), ("account_base", format!("ou=people,{BASE}").as_str().into())],
    )
    .await;
    let id = system.created(Kind::Account, &person("mary")).await;
    done(system.change(Action::Deactivate, Target::Account(id), &[]).await);
    assert!(server.show(&format!("uid=mary,{former}"), &["uid"]).contains("mary"));
    let observed = system.inventory().await.unwrap();
    assert!(observed.accounts.iter().any(|account| account.id == id && !account.active));
    done(system.change(Action::Reactivate, Target::Account(id), &[]).await);
    assert!(server.show(&format!("uid=mary,ou=people,{BASE}"), &["uid"]).contains("mary"));
}

#[tokio::test]
async fn what_cannot_be_locked_is_refused() {
    let server = Slapd::start();
    let system = connect(&server, &[("lock", "none".into())]).await;
    let id = system.created(Kind::Account, &person("ada")).await;
    let outcome = system.change(Action::Deactivate, Target::Account(id), &[]).await;
    assert!(matches!(outcome, Outcome::Refused { .. }), "{outcome:?}");
    for (lock, said) in [
        (object(&[("branch", "ou=nowhere,dc=example,dc=test")]), "there is no branch ou=nowhere,dc=example,dc=test"),
        (
            object(&[("attribute", "nsAccountLock"), ("value", "true")]),
            "the server's schema has no attribute nsAccountLock",
        ),
    ] {
        let error = try_connect(settings(&server, &[("lock", lock)])).await.err().unwrap();
        assert!(error.message.contains(said), "{error:?}");
    }
}
