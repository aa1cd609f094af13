//! A server that is killed in mid-call, and started again.

use state::{Action, Kind, Order, Outcome};
use tenure_providers::Unannounced;

use crate::helper::{connect, order, person};
use crate::openldap::Slapd;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_to_be_done_or_not_done_is_so() {
    let folder = tempfile::tempdir().unwrap();
    let keep = ["--sync", "--folder", folder.path().to_str().unwrap()];
    let mut server = Slapd::start_with(&keep);
    let system = connect(&server, &[]).await;
    let logins: Vec<String> = (0..600).map(|n| format!("p{n}")).collect();
    let orders: Vec<Order> =
        logins.iter().map(|login| order(Action::Create, None, Kind::Account, &person(login))).collect();
    let calls = orders.chunks(100).map(|call| system.writer.execute(call, &Unannounced));
    let calls = futures_util::future::join_all(calls);
    let kill = tokio::task::spawn_blocking(move || {
        std::thread::sleep(std::time::Duration::from_millis(150));
        server.stop();
    });
    let (outcomes, killed) = futures_util::future::join(calls, kill).await;
    killed.unwrap();
    let outcomes: Vec<Outcome> = outcomes.into_iter().flatten().collect();
    let count = |which: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| which(outcome)).count();
    let unknown = count(|outcome| matches!(outcome, Outcome::Unknown(_)));
    assert!(unknown > 0 && unknown < 600, "{unknown} of 600 are unknown: it was killed too early or too late");

    let server = Slapd::start_with(&keep);
    let system = connect(&server, &[]).await;
    let observed = system.inventory().await.unwrap();
    for (login, outcome) in logins.iter().zip(&outcomes) {
        let here = observed
            .accounts
            .iter()
            .any(|account| account.attributes.get("uid".into()) == Some(&login.as_str().into()));
        match outcome {
            Outcome::Done(object) => {
                assert!(observed.accounts.iter().any(|account| account.id == object.id), "{login} is lost")
            }
            Outcome::Refused { error, .. } => assert!(!here, "{login} was made: {error}"),
            Outcome::Unknown(_) => {}
            other => panic!("{login}: {other:?}"),
        }
    }
}
