//! The accounts that tenure itself uses.

use state::{Kind, Value};

use crate::helper::{connect, order, person, settings, try_connect};
use crate::openldap::{BASE, PROV, Slapd};

#[tokio::test]
async fn an_inventory_says_which_accounts_are_tenures_own() {
    let server = Slapd::start();
    let system = connect(&server, &[]).await;
    // cn=prov is no account.
    assert!(system.inventory().await.unwrap().own.is_empty());
    let mut create = order(state::Action::Create, None, Kind::Account, &person("svc"));
    create.secrets.0.push(("userPassword".into(), crate::openldap::PASSWORD.to_owned()));
    let svc = crate::helper::done(system.execute(create).await).id;
    let ada = system.created(Kind::Account, &person("ada")).await;
    let own = format!("UID=SVC, ou=people,{BASE}");
    // However it is spelled in the settings: the server says who it is.
    let reads = connect(&server, &[("bind", own.as_str().into())]).await;
    assert_eq!(reads.inventory().await.unwrap().own, [svc]);
    // Whom it writes as is not bound while it reads.
    let mut both = settings(
        &server,
        &[("bind", own.as_str().into()), ("write_bind", Value::text(format!("uid=ada,ou=people,{BASE}")))],
    );
    both.secrets.push(("write_password".into(), "of no use to a reader".to_owned()));
    let reader = tenure_providers::Provider::reader(&tenure_providers::ldap::Ldap, both).await.unwrap();
    let ask = tenure_providers::Ask { now: Default::default(), grants: &[], accounts: &[], progress: &|_| {} };
    let mut expected = [svc, ada];
    expected.sort_unstable();
    assert_eq!(reader.inventory(&ask).await.unwrap().own, expected);
    // By a socket: mapped by the server to cn=prov.
    let mut socket = settings(&server, &[("url", server.socket.as_str().into()), ("bind", Value::Null)]);
    socket.secrets.clear();
    let socket = try_connect(socket).await.unwrap();
    assert!(socket.inventory().await.unwrap().own.is_empty());
    assert!(PROV.starts_with("cn="));
}
