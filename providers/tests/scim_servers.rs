//! The `scim` provider against real servers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

mod servers;

use futures_util::StreamExt as _;
use servers::{Server, TOKEN};
use state::{Observed, Symbol, Target, Timestamp, Value};
use tenure_providers::scim::Scim;
use tenure_providers::{Ask, Beginning, Difference, Outside, Provider, Reader, Settings, Unannounced};

fn settings(url: &str, more: &[(&str, Value)]) -> Settings {
    let mut values = vec![(Symbol::new("url"), Value::text(url))];
    values.extend(more.iter().map(|(name, value)| (Symbol::new(name), value.clone())));
    Settings {
        system: "chat".into(),
        values,
        secrets: vec![(Symbol::new("token"), TOKEN.to_owned())],
        ..Settings::default()
    }
}

async fn reader(server: &Server, more: &[(&str, Value)]) -> Box<dyn Reader> {
    Scim.reader(settings(&server.url, more)).await.expect("a reader")
}

async fn inventory(reader: &dyn Reader) -> Observed {
    reader
        .inventory(&Ask { now: Timestamp::default(), grants: &[], accounts: &[], progress: &|_| {} })
        .await
        .expect("an inventory")
}

/// Posts JSON as another client of the same server would; answers the new id.
async fn post(server: &Server, path: &str, body: serde_json::Value) -> String {
    let answer = reqwest::Client::new()
        .post(format!("{}{path}", server.url))
        .bearer_auth(TOKEN)
        .header("Content-Type", "application/scim+json")
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    json["id"].as_str().unwrap_or_else(|| panic!("{status}: {text}")).to_owned()
}

fn user(name: &str) -> serde_json::Value {
    serde_json::json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "active": true,
        "name": {"formatted": name, "familyName": name}, "emails": [{"value": format!("{name}@acme.example")}]})
}

fn group(server: &Server, name: &str, members: &[&str]) -> serde_json::Value {
    let members: Vec<_> = members
        .iter()
        .map(|id| serde_json::json!({"value": id, "$ref": format!("{}/Users/{id}", server.url)}))
        .collect();
    serde_json::json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name, "members": members})
}

#[tokio::test(flavor = "multi_thread")]
async fn both_servers_are_read_whole() {
    for server in [Server::scim2_server(), Server::canaille()] {
        let ada = post(&server, "/Users", user("ada")).await;
        let bob = post(&server, "/Users", user("bob")).await;
        let staff = post(&server, "/Groups", group(&server, "staff", &[&ada, &bob])).await;
        post(&server, "/Groups", group(&server, "empty", &[])).await;
        let reader = reader(&server, &[]).await;
        let observed = inventory(reader.as_ref()).await;
        let mut names: Vec<String> = observed
            .accounts
            .iter()
            .map(|account| account.attributes.get(Symbol::new("userName")).unwrap().to_string())
            .collect();
        names.sort();
        assert_eq!(names, [r#""ada""#, r#""bob""#], "{}", server.url);
        assert_eq!(observed.groups.len(), 2);
        // Who it was no server tells.
        let differences = [Target::Account(ada.as_str().into()), Target::Group(staff.as_str().into())].map(difference);
        let touched = reader.touched(&differences).await.unwrap().touched;
        assert!(touched.iter().flatten().all(|touched| touched.by.is_none() && touched.at.is_some()), "{touched:?}");
        assert_eq!(touched.iter().flatten().count(), 2, "{touched:?}");
        let mut places: Vec<(&str, &str)> =
            observed.memberships.iter().map(|place| (place.group.as_str(), place.member.as_str())).collect();
        places.sort_unstable();
        let mut expected = vec![(staff.as_str(), ada.as_str()), (staff.as_str(), bob.as_str())];
        expected.sort_unstable();
        assert_eq!(places, expected, "{}: {}", server.url, observed.complete.proof);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_any_size_give_everybody_once() {
    let server = Server::scim2_server();
    for n in 0..23 {
        post(&server, "/Users", user(&format!("user{n}"))).await;
    }
    for size in [1, 5, 22, 23, 24, 500] {
        let reader = reader(&server, &[("page_size", Value::Integer(size))]).await;
        let observed = inventory(reader.as_ref()).await;
        assert_eq!(observed.accounts.len(), 23, "page_size {size}: {}", observed.complete.proof);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_offers_cursors_is_paged_by_cursor() {
    let server = Server::scim2_server_configured(
        r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"], "patch": {"supported": true},
            "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0}, "filter": {"supported": true, "maxResults": 1000},
            "changePassword": {"supported": false}, "sort": {"supported": true}, "etag": {"supported": true},
            "pagination": {"cursor": true, "index": false, "defaultPaginationMethod": "cursor", "maxPageSize": 4}}"#,
    );
    for n in 0..23 {
        post(&server, "/Users", user(&format!("user{n}"))).await;
    }
    let observed = inventory(reader(&server, &[]).await.as_ref()).await;
    assert_eq!(observed.accounts.len(), 23);
    assert!(observed.complete.proof.contains("23 distinct ids on 6 pages"), "{}", observed.complete.proof);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_trusted_only_where_the_block_names_its_authority() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::tls(&folder.path().join("authority.pem"));
    let connect = |ca_file: Option<&str>| {
        let more: Vec<_> = ca_file.map(|path| ("ca_file", Value::text(path))).into_iter().collect();
        let settings = Settings { folder: folder.path().to_owned(), ..settings(&server.url, &more) };
        async { Scim.reader(settings).await.map(|_| ()) }
    };
    let error = connect(None).await.unwrap_err();
    assert!(error.message.contains("the server's certificate cannot be trusted"), "{}", error.message);
    assert!(error.hint.contains("ca_file"), "{}", error.hint);
    connect(Some("authority.pem")).await.unwrap();
    std::fs::write(folder.path().join("empty.pem"), "nothing").unwrap();
    let error = connect(Some("empty.pem")).await.unwrap_err();
    assert!(error.message.contains("ca_file holds no certificate"), "{}", error.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_asked_for_with_client_credentials() {
    let server = Server::canaille();
    post(&server, "/Users", user("ada")).await;
    let with = |secret: &str| Settings {
        system: "chat".into(),
        values: [
            ("url", server.url.clone()),
            ("token_url", format!("{}/oauth/token", server.origin())),
            ("client_id", "tenure".into()),
        ]
        .into_iter()
        .map(|(name, value)| (Symbol::new(name), Value::text(value)))
        .collect(),
        secrets: vec![(Symbol::new("client_secret"), secret.to_owned())],
        ..Settings::default()
    };
    let reader = Scim.reader(with("tenure-secret")).await.expect("a reader");
    assert_eq!(inventory(reader.as_ref()).await.accounts.len(), 1);
    let error = Scim.reader(with("wrong-secret")).await.map(|_| ()).unwrap_err();
    assert!(error.message.contains("/oauth/token answered 401"), "{}", error.message);
    assert!(!error.message.contains("wrong-secret"));
}

/// Creates accounts through the provider and through a bare client that sends the same requests, as many at once.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: cargo test --release -p tenure-providers --test scim_servers -- --ignored --nocapture"]
async fn request_rate_beside_a_bare_client() {
    const REQUESTS: usize = 1_000;
    let server = Server::scim2_server_tenants();
    let bare = format!("{}/bare/v2", server.origin());
    let client = reqwest::Client::new();
    let body = |name: &str| {
        serde_json::json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "active": true})
            .to_string()
    };
    for round in 0..5 {
        let begun = std::time::Instant::now();
        futures_util::stream::iter((0..REQUESTS).map(|n| {
            let request = client
                .post(format!("{bare}/Users"))
                .bearer_auth(TOKEN)
                .header("Content-Type", "application/scim+json")
                .body(body(&format!("bare{round}-{n}")));
            async move { request.send().await.unwrap().error_for_status().unwrap().bytes().await.unwrap().len() }
        }))
        .buffer_unordered(8)
        .for_each(|_| std::future::ready(()))
        .await;
        let bare = REQUESTS as f64 / begun.elapsed().as_secs_f64();

        let writer = Scim.writer(settings(&format!("{}/ours/v2", server.origin()), &[])).await.unwrap();
        let begun = std::time::Instant::now();
        futures_util::stream::iter((0..REQUESTS).map(|n| {
            let name = format!("ours{round}-{n}");
            let order = state::Order {
                address: state::Address::Account { system: "chat".into(), holder: Symbol::new(&name) },
                action: state::Action::Create,
                target: None,
                kind: state::Kind::Account,
                before: None,
                after: [(Symbol::new("userName"), Value::text(name))].into_iter().collect(),
                secrets: Default::default(),
            };
            let writer = &writer;
            async move { assert!(matches!(writer.execute(&[order], &Unannounced).await[..], [state::Outcome::Done(_)])) }
        }))
        .buffer_unordered(8)
        .for_each(|_| std::future::ready(()))
        .await;
        let ours = REQUESTS as f64 / begun.elapsed().as_secs_f64();
        println!("bare client {bare:.0}/s, provider {ours:.0}/s: {:.0}%", ours / bare * 100.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_heard_by_the_time_of_the_last_modification_where_the_server_can_be_asked_for_it() {
    let server = Server::scim2_server();
    let settings = settings(&server.url, &[]);
    let begun = |changed| Beginning::Hears { how: "polling meta.lastModified", changed };
    let mut listening = Scim.listener().unwrap();
    assert_eq!(listening.begin(&settings).await.unwrap(), begun(true));
    let ada = post(&server, "/Users", user("ada")).await;
    assert_eq!(listening.begin(&settings).await.unwrap(), begun(true), "an account is new");
    assert_eq!(listening.begin(&settings).await.unwrap(), begun(false));
    let url = format!("{}/Users/{ada}", server.url);
    let patch = serde_json::json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "active", "value": false}]});
    let request = reqwest::Client::new().patch(&url).bearer_auth(TOKEN).header("Content-Type", "application/scim+json");
    request.body(patch.to_string()).send().await.unwrap().error_for_status().unwrap();
    let heard = tokio::time::timeout(std::time::Duration::from_secs(15), listening.changed()).await;
    assert!(matches!(heard, Ok(Ok(()))), "it is switched off");
    post(&server, "/Groups", group(&server, "staff", &[&ada])).await;
    assert_eq!(listening.begin(&settings).await.unwrap(), begun(true), "a group is new");
    reqwest::Client::new().delete(&url).bearer_auth(TOKEN).send().await.unwrap().error_for_status().unwrap();
    assert_eq!(listening.begin(&settings).await.unwrap(), begun(true), "an account is gone");
    assert_eq!(listening.begin(&settings).await.unwrap(), begun(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_fails_when_it_is_asked_for_what_changed_is_not_asked_again() {
    let server = Server::canaille();
    post(&server, "/Users", user("ada")).await;
    let begun = Scim.listener().unwrap().begin(&settings(&server.url, &[])).await.unwrap();
    let Beginning::Never(why) = begun else { panic!("{begun:?}") };
    insta::assert_snapshot!(why.replace(&server.url, "URL"), @"GET URL/Users?startIndex=1&count=1&attributes=meta answered 500 Internal Server Error: an HTML page");
}

/// Something about an account or group that others changed.
fn difference(object: Target) -> Difference {
    let what = Outside::SwitchedOff;
    Difference { object: Some(object), target: Some(object), what, recorded: Default::default(), since: None }
}
