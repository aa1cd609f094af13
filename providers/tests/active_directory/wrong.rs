//! Wrong settings and missing rights: each a clear error with the address.

use state::Symbol;
use tenure_providers::Settings;

use crate::domain::{Unit, domain, ldif};

async fn error(unit: &Unit, settings: &Settings) -> String {
    match unit.connect(settings).await {
        Ok(_) => panic!("this is to be refused"),
        Err(error) => {
            assert!(!error.hint.is_empty());
            format!("{}; {}", error.message, error.hint)
        }
    }
}

#[tokio::test]
async fn wrong_settings_are_told() {
    let unit = Unit::new();
    let missing = format!("OU=nowhere,{}", unit.dn);
    for (settings, parts) in [
        (unit.settings(&[("url", "ldap://127.0.0.1")]), &["strongerAuthRequired (8)", "start_tls = true"][..]),
        (unit.settings(&[("bind", "nobody@ad.example.test")]), &["ldaps://127.0.0.1", "invalidCredentials (49)"]),
        (unit.settings(&[("account_base", &missing)]), &[missing.as_str(), "is not there"]),
        (unit.settings(&[("url", "ldaps://127.0.0.1:1")]), &["ldaps://127.0.0.1:1"]),
        (unit.settings(&[("lock", "ppolicy")]), &["userAccountControl"]),
    ] {
        let said = error(&unit, &settings).await;
        for part in parts {
            assert!(said.contains(part), "{said}");
        }
        assert!(!said.contains(&domain().password), "{said}");
    }
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let unit = Unit::new();
    let folder = tempfile::tempdir().unwrap();
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/servers/tls");
    let made = std::process::Command::new(script).arg("--other-ca").arg(folder.path()).arg("alien").status().unwrap();
    assert!(made.success());
    let ca = folder.path().join("other-ca.pem");
    let said = error(&unit, &unit.settings(&[("ca_file", ca.to_str().unwrap())])).await;
    assert!(said.contains("ldaps://127.0.0.1") && said.to_lowercase().contains("certificate"), "{said}");
}

#[tokio::test]
async fn a_disabled_login_of_tenure_is_told() {
    let unit = Unit::new();
    let name = unit.name("tenure");
    ldif(&format!("dn: CN={name},{}\nchangetype: add\nobjectClass: user\nsAMAccountName: {name}\n", unit.dn));
    let mut settings = unit.settings(&[("bind", &format!("{name}@ad.example.test"))]);
    settings.secrets = vec![(Symbol::new("password"), "Not-its-password-1".to_owned())];
    let said = error(&unit, &settings).await;
    assert!(said.contains("invalidCredentials (49)") && said.contains(&name), "{said}");
    assert!(!said.contains("Not-its-password-1"), "{said}");
}
