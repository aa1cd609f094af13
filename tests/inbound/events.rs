//! Security event tokens (RFC 9967), signed by PyJWT and pushed as RFC 8935 says.

use reqwest::Method;
use serde_json::{Value, json};

use crate::issuer::{access, now, push, refusal, start, taken};
use crate::run::Folder;
use crate::watching::{Answer, GROUP, PATCH, TOKEN, USER, Watching};

#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_of_gets_access_and_who_is_deactivated_loses_it() {
    let (watching, issuer) = start();
    // Somebody stays, with all that the other has: a source that is empty in the end, or lacks a column, would be held.
    let bob = json!({"schemas": [USER], "userName": "bob", "externalId": "bob", "title": "Count"});
    watching.send(Method::POST, "/Users", &bob).await.expect(201);
    let data = json!({"schemas": [USER], "id": "u-1", "userName": "ada", "meta": {"resourceType": "User"}});
    let create = json!({"feed:add": {}, "prov:create:full": {"data": data}});
    let mut claims = issuer.claims("/Users/u-1", create);
    claims["sub_id"]["externalId"] = "ada".into();
    let create = issuer.sign(&json!({"claims": claims, "key": "rsa", "alg": "RS256"}));
    taken(&push(&watching, &create).await);
    let ada = watching.get("/Users/u-1").await.expect(200);
    assert_eq!((&ada["userName"], &ada["externalId"], &ada["active"]), (&json!("ada"), &json!("ada"), &json!(true)));
    let (accounts, memberships) = ("directory/chat/accounts.jsonl", "directory/chat/memberships.jsonl");
    watching.until(accounts, |accounts| accounts.contains("ada"));
    // A group, and who is in it.
    let group = json!({"schemas": [GROUP], "displayName": "Engineering"});
    taken(&push(&watching, issuer.token("/Groups/g-1", json!({"prov:create:full": {"data": group}}))).await);
    let operation = json!({"op": "add", "path": "members", "value": [{"value": "u-1", "$ref": "/Users/u-1"}]});
    let patch = json!({"prov:patch:full": {"version": "a1", "data": {"schemas": [PATCH], "Operations": [operation]}}});
    let claims = issuer.claims("/Groups/g-1", patch);
    taken(&push(&watching, issuer.sign(&json!({"claims": claims, "key": "ed", "alg": "EdDSA"}))).await);
    watching.until(memberships, |members| members.contains("ada"));
    taken(&push(&watching, issuer.token("/Users/u-1", json!({"prov:deactivate": {}}))).await);
    watching.until(accounts, |accounts| accounts.contains("\"active\":false"));
    // Who is switched off stays so where nothing is said of it.
    let data = json!({"schemas": [USER], "userName": "ada", "externalId": "ada", "title": "Countess"});
    taken(&push(&watching, issuer.token("/Users/u-1", json!({"prov:put:full": {"data": data}}))).await);
    let ada = watching.get("/Users/u-1").await.expect(200);
    assert_eq!((&ada["title"], &ada["active"]), (&json!("Countess"), &json!(false)));
    taken(&push(&watching, issuer.token("/Users/u-1", json!({"prov:activate": {}}))).await);
    watching.until(accounts, |accounts| !accounts.contains("\"active\":false"));
    taken(&push(&watching, issuer.token("/Users/u-1", json!({"prov:delete": {}}))).await);
    watching.until(accounts, |accounts| accounts.contains("\"active\":false"));
    // What was taken is known after a kill: sent again, it is answered again, and brings nobody back.
    let watching = Watching::on(watching.kill(), "--listen 127.0.0.1:0");
    taken(&push(&watching, &create).await);
    assert_eq!(watching.get("/Users/u-1").await.refusal(), "404");
    assert_eq!(watching.total().await, 1);
}

/// Somebody who was pushed by SCIM before is found by what else `sub_id` says.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_pushed_by_scim_is_the_same_person() {
    let (watching, issuer) = start();
    let ada = watching.user("ada").await;
    let bob = watching.user("bob").await;
    let mut claims = issuer.claims("/Users/elsewhere", json!({"prov:deactivate": {}}));
    claims["sub_id"]["externalId"] = "ada".into();
    taken(&push(&watching, issuer.sign(&json!({"claims": claims}))).await);
    assert_eq!(watching.get(&format!("/Users/{ada}")).await.expect(200)["active"], false);
    let mut claims = issuer.claims("/Users/other", json!({"prov:deactivate": {}}));
    claims["sub_id"]["userName"] = "BOB".into();
    taken(&push(&watching, issuer.sign(&json!({"claims": claims}))).await);
    assert_eq!(watching.get(&format!("/Users/{bob}")).await.expect(200)["active"], false);
    let mut claims = issuer.claims(&format!("/Users/{bob}"), json!({"prov:activate": {}}));
    claims["sub_id"]["externalId"] = "ada".into();
    let answer = push(&watching, issuer.sign(&json!({"claims": claims}))).await;
    insta::assert_snapshot!(refusal(&answer), @"invalid_request: what `sub_id` says is true of several resources here: which one is meant?");
    assert_eq!(watching.total().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_not_the_issuers_or_not_for_us_change_nothing() {
    let (watching, issuer) = start();
    let data = json!({"schemas": [USER], "userName": "ada", "externalId": "ada"});
    taken(&push(&watching, issuer.token("/Users/u-1", json!({"prov:create:full": {"data": data}}))).await);
    let before = watching.folder.read("inbound/hr/pushed.jsonl");
    let off = || issuer.claims("/Users/u-1", json!({"prov:deactivate": {}}));
    let with = |name: &str, value: Value| {
        let mut claims = off();
        claims[name] = value;
        json!({"claims": claims})
    };
    let without = |name: &str| {
        let mut claims = off();
        claims.as_object_mut().unwrap().remove(name);
        json!({"claims": claims})
    };
    let signed = |key: &str, alg: &str, head: Value| json!({"claims": off(), "key": key, "alg": alg, "head": head});
    let about = |path: &str, events: Value| json!({"claims": issuer.claims(path, events)});
    let notice = json!({"prov:patch:notice": {"attributes": ["userName", "emails"]}});
    let table: Vec<(&str, Value)> = vec![
        ("not signed", signed("ec", "none", json!({}))),
        ("HMAC with the public key", signed("rsa", "HS256", json!({}))),
        ("another algorithm of the key", signed("rsa", "PS256", json!({}))),
        ("a key of nobody", signed("stranger", "ES256", json!({}))),
        ("a key of nobody by a known name", signed("stranger", "ES256", json!({"kid": "ec"}))),
        ("a key of nobody without a name", signed("stranger", "ES256", json!({"kid": null}))),
        ("a key of another kind", signed("ec", "ES256", json!({"kid": "rsa"}))),
        ("another type", signed("ec", "ES256", json!({"typ": "at+jwt"}))),
        ("an extension", signed("ec", "ES256", json!({"crit": ["exp"], "exp": 1}))),
        ("another issuer", with("iss", "https://evil.example".into())),
        ("another audience", with("aud", "https://else.example".into())),
        ("no audience", without("aud")),
        ("no issuer", without("iss")),
        ("no name", without("jti")),
        ("no moment", without("iat")),
        ("a moment that is text", with("iat", "now".into())),
        ("old", with("iat", json!(now() - 8 * 86_400))),
        ("what happened long ago", with("toe", json!(now() - 8 * 86_400))),
        ("of the future", with("iat", json!(now() + 3_600))),
        ("beyond all time", with("iat", json!(1e300))),
        ("expired", with("exp", json!(now() - 3_600))),
        ("about nobody", without("sub_id")),
        ("about another thing", about("/Devices/1", json!({"prov:delete": {}}))),
        ("about all", about("/Users", json!({"prov:delete": {}}))),
        ("about a path that leads out", about("/Users/..", json!({"prov:delete": {}}))),
        ("of another form", with("sub_id", json!({"format": "email", "email": "ada@acme.example"}))),
        ("no events", with("events", json!({}))),
        ("an event that is none", with("events", json!({"urn:ietf:params:scim:event:prov:delete": 1}))),
        ("an unknown change", about("/Users/u-1", json!({"prov:rename": {}}))),
        ("no data", about("/Users/u-1", json!({"prov:put:full": {}}))),
        ("both", about("/Users/u-1", json!({"prov:put:full": {"data": {}, "attributes": []}}))),
        ("no schemas", about("/Users/u-1", json!({"prov:put:full": {"data": {"userName": "x"}}}))),
        ("no name of the user", about("/Users/u-1", json!({"prov:put:full": {"data": {"schemas": [USER]}}}))),
        ("no operations", about("/Users/u-1", json!({"prov:patch:full": {"data": {"schemas": [PATCH]}}}))),
        ("on and off", about("/Users/u-1", json!({"prov:activate": {}, "prov:deactivate": {}}))),
        ("gone and on", about("/Users/u-1", json!({"prov:delete": {}, "prov:activate": {}}))),
        ("somebody unknown", about("/Users/u-2", json!({"prov:deactivate": {}}))),
        ("a group that is off", about("/Groups/g-1", json!({"prov:deactivate": {}}))),
        ("somebody else's name", about("/Users/u-3", json!({"prov:create:full": {"data": data}}))),
        ("a notice", about("/Users/u-1", notice)),
        ("late", with("iat", json!(now() - 60))),
        ("no JSON", json!({"payload": "{\"iss\":"})),
        ("no object", json!({"payload": "[]"})),
        ("deep", json!({"payload": format!("{{\"a\":{}", "[".repeat(100_000))})),
    ];
    let mut said = String::new();
    for (what, wish) in &table {
        said += &format!("{what}: {}\n", refusal(&push(&watching, issuer.sign(wish)).await));
    }
    let whole = issuer.token("/Users/u-1", json!({"prov:deactivate": {}}));
    let (signed, signature) = whole.rsplit_once('.').unwrap();
    let other = issuer.token("/Users/u-1", json!({"prov:delete": {}}));
    let (first, last) = (other.split('.').next().unwrap(), whole.split('.').nth(2).unwrap());
    let payload = other.split('.').nth(1).unwrap();
    let raw: Vec<(&str, String)> = vec![
        ("nothing", String::new()),
        ("text", "deactivate ada".into()),
        ("half", whole[..whole.len() / 2].into()),
        ("half a signature", whole[..whole.len() - 40].into()),
        ("no signature", format!("{signed}.")),
        ("no base64", format!("{signed}.{signature}=")),
        ("four parts", format!("{whole}.x")),
        ("encrypted", "a.b.c.d.e".into()),
        ("another payload", format!("{first}.{payload}.{last}")),
        ("no head", format!(".{payload}.{last}")),
    ];
    for (what, token) in raw {
        said += &format!("{what}: {}\n", refusal(&push(&watching, token).await));
    }
    insta::assert_snapshot!(said, @r#"
    not signed: invalid_key: tokens signed with "none" are not taken: sign with RS256, ES256 or EdDSA
    HMAC with the public key: invalid_key: tokens signed with "HS256" are not taken: sign with RS256, ES256 or EdDSA
    another algorithm of the key: invalid_key: tokens signed with "PS256" are not taken: sign with RS256, ES256 or EdDSA
    a key of nobody: invalid_key: the issuer's key "stranger" is not known here
    a key of nobody by a known name: authentication_failed: the signature of the token is wrong
    a key of nobody without a name: authentication_failed: the signature of the token is wrong
    a key of another kind: invalid_key: the issuer's key "rsa" is for another `alg`
    another type: invalid_request: the token is "at+jwt", not secevent+jwt
    an extension: invalid_request: the head of the token has `crit`: no extension is supported
    another issuer: invalid_issuer: the issuer is "https://evil.example", who is not known here
    another audience: invalid_audience: the audience (`aud`) does not name this receiver
    no audience: invalid_audience: the audience (`aud`) does not name this receiver
    no issuer: invalid_request: the claim `iss` is missing
    no name: invalid_request: the claim `jti` is missing
    no moment: invalid_request: the claim `iat` is missing
    a moment that is text: invalid_request: the claim `iat` must be a number of seconds
    old: invalid_request: the token is more than 7 days old (`iat`): send how it is now
    what happened long ago: invalid_request: the token is more than 7 days old (`toe`): send how it is now
    of the future: invalid_request: the token is of the future (`iat`): look at the clocks of both machines
    beyond all time: invalid_request: the token is of the future (`iat`): look at the clocks of both machines
    expired: invalid_request: the token has expired (`exp`)
    about nobody: invalid_request: the claim `sub_id` is missing: whom is it about?
    about another thing: invalid_request: the claim `sub_id` is about "/Devices/1", neither of /Users nor of /Groups
    about all: invalid_request: the claim `sub_id` has a `uri` that leads to no resource: "/Users"
    about a path that leads out: invalid_request: the claim `sub_id` has a `uri` that leads to no resource: "/Users/.."
    of another form: invalid_request: the claim `sub_id` has the format "email", not scim
    no events: invalid_request: the claim `events` must be an object of events
    an event that is none: invalid_request: the event "urn:ietf:params:scim:event:prov:delete" must be an object
    an unknown change: invalid_request: the event "urn:ietf:params:scim:event:prov:rename" is not known
    no data: invalid_request: "urn:ietf:params:scim:event:prov:put:full" needs `data`, and that alone
    both: invalid_request: "urn:ietf:params:scim:event:prov:put:full" needs `data`, and that alone
    no schemas: invalid_request: `schemas` must be a list that names urn:ietf:params:scim:schemas:core:2.0:User
    no name of the user: invalid_request: userName is required
    no operations: invalid_request: `Operations` must be a list with at least one operation
    on and off: invalid_request: "urn:ietf:params:scim:event:prov:deactivate" says something else than another event of the token
    gone and on: invalid_request: "urn:ietf:params:scim:event:prov:delete" says something else than another event of the token
    somebody unknown: invalid_request: /Users/u-2 is not here: send all of it, by prov:put:full
    a group that is off: invalid_request: a group is neither active nor inactive
    somebody else's name: invalid_request: another User has the userName "ada"
    a notice: invalid_request: prov:patch:notice tells that "userName, emails" of /Users/u-1 changed, without the data, and this receiver does not ask for it: send prov:patch:full
    late: invalid_request: the token is older than one about /Users/u-1 that was taken before: send how it is now, by prov:put:full
    no JSON: invalid_request: the payload of the token is no JSON object: EOF while parsing a value at line 1 column 7
    no object: invalid_request: the payload of the token is no JSON object: invalid type: sequence, expected a map at line 1 column 0
    deep: invalid_request: the payload of the token is no JSON object: recursion limit exceeded at line 1 column 132
    nothing: invalid_request: the body is no token: it must be three parts of base64url with dots between (RFC 7515)
    text: invalid_request: the body is no token: it must be three parts of base64url with dots between (RFC 7515)
    half: invalid_request: the body is no token: it must be three parts of base64url with dots between (RFC 7515)
    half a signature: invalid_request: the signature of the token is not base64url without padding
    no signature: authentication_failed: the signature of the token is wrong
    no base64: invalid_request: the signature of the token is not base64url without padding
    four parts: invalid_request: the body is no token: it must be three parts of base64url with dots between (RFC 7515)
    encrypted: invalid_request: the token is encrypted, which is not supported: send it signed only, over TLS
    another payload: authentication_failed: the signature of the token is wrong
    no head: invalid_request: the head of the token is no JSON object: EOF while parsing a value at line 1 column 0
    "#);
    assert_eq!(watching.folder.read("inbound/hr/pushed.jsonl"), before);
    assert_eq!(watching.get("/Users/u-1").await.expect(200)["active"], true);
    // The log tells of each.
    watching.until("watch.log", |log| log.contains("refused a security event token (invalid_request): the head"));
    // Not for a token of access, other content and other methods.
    let request = watching.client.post(format!("{}/Events", watching.base()));
    let stranger = request.header("content-type", "application/secevent+jwt").body(whole.clone()).send().await.unwrap();
    assert!(stranger.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer "));
    let stranger = Answer::of(stranger).await;
    assert_eq!((stranger.status, &stranger.body["err"]), (401, &json!("authentication_failed")));
    let json = watching.request(Method::POST, "/Events").header("content-type", "application/json");
    let json = Answer::of(json.body(whole.clone()).send().await.unwrap()).await;
    assert_eq!((json.status, &json.body["err"]), (415, &json!("invalid_request")));
    assert_eq!(watching.get("/Events").await.refusal(), "405");
    let request = watching.request(Method::POST, "/Events").header("content-type", "application/secevent+jwt");
    match request.body("x".repeat(100 << 20)).send().await {
        Ok(response) => assert_eq!(response.status(), 413),
        // It was closed while much was still being sent.
        Err(error) => assert!(error.is_request(), "{error:?}"),
    }
    taken(&push(&watching, whole).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_or_says_nothing_is_answered_and_told() {
    let (watching, issuer) = start();
    let data = json!({"schemas": [GROUP], "displayName": "All", "members": [{"value": "u-1"}, {"value": "u-2"}]});
    taken(&push(&watching, issuer.token("/Groups/g-1", json!({"prov:create:full": {"data": data}}))).await);
    taken(&push(&watching, issuer.token("/Users/u-1", json!({"feed:add": {}}))).await);
    taken(&push(&watching, issuer.token("/Users/u-1", json!({"feed:remove": {}}))).await);
    let outcome = json!({"misc:asyncresp": {"method": "PUT", "status": "200"}});
    taken(&push(&watching, issuer.token("/Users/u-1", outcome)).await);
    // A stream is tried out (OpenID Shared Signals Framework 1.0, section 8.1.4.1).
    let mut claims = issuer.claims("/Users/u-1", json!({}));
    claims.as_object_mut().unwrap().remove("sub_id");
    claims["events"] = json!({"https://schemas.openid.net/secevent/ssf/event-type/verification": {"state": "x"}});
    taken(&push(&watching, issuer.sign(&json!({"claims": claims}))).await);
    taken(&push(&watching, issuer.token("/Users/u-9", json!({"prov:delete": {}}))).await);
    // The same name for something else is no repetition.
    let mut claims = issuer.claims("/Groups/g-1", json!({"prov:delete": {}}));
    let first = issuer.sign(&json!({"claims": claims}));
    taken(&push(&watching, &first).await);
    let length = watching.folder.read("inbound/hr/pushed.jsonl").len();
    taken(&push(&watching, &first).await);
    taken(&push(&watching, issuer.sign(&json!({"claims": claims}))).await);
    assert_eq!(watching.folder.read("inbound/hr/pushed.jsonl").len(), length);
    claims["sub_id"]["uri"] = "/Groups/g-2".into();
    let other = push(&watching, issuer.sign(&json!({"claims": claims}))).await;
    insta::assert_snapshot!(refusal(&other), @"invalid_request: another token with this `jti` was taken: each needs its own");
    // A notice is enough where the same token says it with data.
    let data = json!({"schemas": [USER], "userName": "ada"});
    let both = json!({"prov:put:full": {"data": data}, "prov:put:notice": {"attributes": ["title"]}});
    taken(&push(&watching, issuer.token("/Users/u-1", both)).await);
    let both = json!({"prov:deactivate": {}, "prov:patch:notice": {"attributes": ["active"]}});
    taken(&push(&watching, issuer.token("/Users/u-1", both)).await);
    let log = watching.stop().read("watch.log");
    let told = log.lines().filter_map(|line| {
        // What runs say on standard error stands there, too.
        let line: Value = serde_json::from_str(line).ok()?;
        (line["event"] == "pushed").then(|| line["what"].as_str().unwrap().to_owned())
    });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r#"
    the group "All" has members who are not here: "u-1" and 1 more
    /Users/u-1 was added to the feed of events; it is here once its data is sent
    /Users/u-1 was taken out of the feed of events, and stays as it is: nothing is heard of it any more
    passed over the outcome of a request about /Users/u-1 that was not made from here
    passed over the event "https://schemas.openid.net/secevent/ssf/event-type/verification" about nobody
    /Users/u-9 was deleted at its origin, and was not here
    refused a security event token (invalid_request): another token with this `jti` was taken: each needs its own
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_read_again_and_wrong_ones_leave_those_from_before() {
    let (watching, issuer) = start();
    let off = |key: &str| {
        let claims = issuer.claims("/Users/none", json!({"prov:delete": {}}));
        issuer.sign(&json!({"claims": claims, "key": key}))
    };
    taken(&push(&watching, off("ec")).await);
    assert!(refusal(&push(&watching, off("stranger")).await).starts_with("invalid_key"));
    watching.folder.write("keys.json", "{\"keys\": [");
    taken(&push(&watching, off("ec")).await);
    watching.folder.write("keys.json", &watching.folder.read("stranger.json"));
    taken(&push(&watching, off("stranger")).await);
    assert!(refusal(&push(&watching, off("ec")).await).starts_with("invalid_key"));
    let log = watching.stop().read("watch.log");
    assert!(log.contains("the keys of events stay as they were: ") && log.contains("were read anew"), "{log}");
}

/// Settings, and what is said of them.
#[test]
fn what_is_wrong_with_the_settings_is_told_before_anything_else() {
    let said = |keys: &str, setting: &str| {
        let access = access().replace("\"keys.json\"", setting);
        let folder = Folder::begun(&[("access.hcl", &access), ("keys.json", keys)], &[("HR_PUSH_TOKEN", TOKEN)]);
        let output = folder.command("watch --listen 127.0.0.1:0").output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap().replace(&folder.path().display().to_string(), "[DIR]")
    };
    let table = [
        ("", "\"keys.json\""),
        ("{}", "\"keys.json\""),
        (r#"{"keys": []}"#, "\"keys.json\""),
        (r#"{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}"#, "\"keys.json\""),
        (r#"{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA"}]}"#, "\"keys.json\""),
        (r#"{"keys": [{"kty": "RSA", "n": "wA", "e": "AQAB"}]}"#, "\"keys.json\""),
        (r#"{"keys": [{"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"}]}"#, "\"keys.json\""),
        ("", "\"none.json\""),
        ("", "\"../keys.json\""),
        ("", "null"),
        ("", "{ keys = [] }"),
        ("", "true"),
    ];
    let mut all = String::new();
    for (keys, setting) in table {
        all += &format!("{keys} {setting}\n{}\n", said(keys, setting).trim());
    }
    insta::assert_snapshot!(all, @r#"
     "keys.json"
    error: [DIR]/keys.json: is no JSON: EOF while parsing a value at line 1 column 0
      hint: `events_keys` leads to a JSON Web Key Set with the issuer's public keys
    {} "keys.json"
    error: [DIR]/keys.json: `keys` must be a list of keys (RFC 7517)
      hint: `events_keys` leads to a JSON Web Key Set with the issuer's public keys
    {"keys": []} "keys.json"
    error: [DIR]/keys.json: there is none for signatures by RS256, ES256 or EdDSA
      hint: `events_keys` leads to a JSON Web Key Set with the issuer's public keys
    {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]} "keys.json"
    error: [DIR]/keys.json: key 1 is a secret: only public keys belong here
      hint: `events_keys` leads to a JSON Web Key Set with the issuer's public keys
    {"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA"}]} "keys.json"
    error: [DIR]/keys.json: key 1 is a secret: only public keys belong here
      hint: `events_keys` leads to a JSON Web Key Set with the issuer's public keys
    {"keys": [{"kty": "RSA", "n": "wA", "e": "AQAB"}]} "keys.json"
    error: [DIR]/keys.json: key 1 has 8 bits: at least 2048 are needed
      hint: `events_keys` leads to a JSON Web Key Set with the issuer's public keys
    {"keys": [{"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"}]} "keys.json"
    error: [DIR]/keys.json: there is none for signatures by RS256, ES256 or EdDSA
      hint: `events_keys` leads to a JSON Web Key Set with the issuer's public keys
     "none.json"
    error: cannot read [DIR]/none.json: No such file or directory (os error 2)
      hint: look at the file and its folder, and run again
     "../keys.json"
    error: system.hr: events_keys leads to ../keys.json, out of the configuration folder
      --> access.hcl:14:21
       |
    14 |   events_keys     = "../keys.json"
       |                     ^^^^^^^^^^^^^^
       |
       = hint: choose a file below the configuration

    1 error in 1 file
     null
    error: system.hr: events_keys is not set
     --> access.hcl:9:1
      |
    9 | system "hr" {
      | ^^^^^^^^^^^
      |
      = hint: events are taken where all of events_issuer, events_audience and events_keys are set

    1 error in 1 file
     { keys = [] }
    error: system.hr: events_keys cannot be used: there is none for signatures by RS256, ES256 or EdDSA
      --> access.hcl:14:21
       |
    14 |   events_keys     = { keys = [] }
       |                     ^^^^^^^^^^^^^
       |
       = hint: give a JSON Web Key Set with the issuer's public keys (RFC 7517)

    1 error in 1 file
     true
    error: system.hr: events_keys is a bool
      --> access.hcl:14:21
       |
    14 |   events_keys     = true
       |                     ^^^^
       |
       = hint: write the path of a file, or the key set itself, such as jsondecode(...)

    1 error in 1 file
    "#);
}
