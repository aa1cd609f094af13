//! A real organisation: 37 lines over the Kubernetes project's own list, against a plain reading of that list.

use std::collections::BTreeSet;

use state::{Address, Member, Symbol};

use crate::support::{Case, Made, shared};

fn case() -> (Case, serde_json::Value) {
    let hcl = String::from_utf8(shared("language/kubernetes.hcl")).unwrap();
    let json = shared("data/kubernetes-org.json");
    let mut case = Case::new(&hcl.replace("\"github\"\n", "\"directory\"\n"));
    let read = serde_json::from_slice(&json).unwrap();
    case.world.files.insert("org.json".to_owned(), json);
    (case, read)
}

fn texts(value: &serde_json::Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str)
}

#[test]
fn every_membership_is_the_one_that_the_list_has() {
    let (case, json) = case();
    let configuration = case.good();
    let mut people = BTreeSet::new();
    let mut accounts = BTreeSet::new();
    let mut memberships = BTreeSet::new();
    let mut grants = BTreeSet::new();
    let mut moves = BTreeSet::new();
    let mut teams = BTreeSet::new();
    for (org, content) in json.as_object().unwrap() {
        let system = state::address::instance("k8s", org);
        for login in texts(&content["admins"]).chain(texts(&content["members"])) {
            people.insert(login.to_owned());
            accounts.insert((system, login.to_owned()));
        }
        for (team, content) in content["teams"].as_object().unwrap() {
            let group = state::address::instance("team", &format!("{org}/{team}"));
            teams.insert((system, group));
            for (role, logins) in [("", &content["members"]), ("maintainer", &content["maintainers"])] {
                memberships.extend(texts(logins).map(|login| (system, group, login.to_owned(), role.to_owned())));
            }
            for (repository, permission) in content["repos"].as_object().unwrap() {
                grants.insert((group, repository.clone(), permission.as_str().unwrap().to_owned()));
            }
            for former in texts(&content["previously"]) {
                let from = state::address::instance("team", &format!("{org}/{former}"));
                moves.insert((Address::Group { system, group: from }, Address::Group { system, group }));
            }
        }
    }
    let text =
        |value: Option<&state::Value>| value.and_then(state::Value::as_text).map_or("", Symbol::as_str).to_owned();
    let found: BTreeSet<_> = configuration
        .memberships
        .iter()
        .map(|membership| {
            let Member::Holder(login) = membership.member else { panic!("a nested group") };
            let role = text(membership.qualifiers.get("role".into()));
            (membership.system, membership.group, login.as_str().to_owned(), role)
        })
        .collect();
    assert_eq!(found, memberships);
    assert_eq!((teams.len(), memberships.len(), grants.len(), moves.len()), (766, 3615, 631, 44));
    assert_eq!(memberships.iter().filter(|(.., role)| role == "maintainer").count(), 133);
    assert_eq!(configuration.memberships.len(), memberships.len());
    assert_eq!(configuration.groups.iter().map(|group| (group.system, group.name)).collect::<BTreeSet<_>>(), teams);
    let found: BTreeSet<_> = configuration
        .groups
        .iter()
        .flat_map(|group| group.grants.iter().flatten().map(|grant| (group.name, grant)))
        .map(|(group, grant)| (group, text(grant.get("repository".into())), text(grant.get("permission".into()))))
        .collect();
    assert_eq!(found, grants);
    assert_eq!(configuration.moves.iter().map(|one| (one.from, one.to)).collect::<BTreeSet<_>>(), moves);
    let found: BTreeSet<_> = configuration.identities.iter().map(|one| one.key.as_str().to_owned()).collect();
    assert_eq!(found, people);
    let found: BTreeSet<_> =
        configuration.accounts.iter().map(|one| (one.system, one.holder.as_str().to_owned())).collect();
    assert_eq!(found, accounts);
    assert!(configuration.not_in_force.is_empty());
}

#[test]
fn accounts_and_teams_are_evaluated_with_what_is_known() {
    let (case, _) = case();
    let configuration = case.good();
    let known = Made::default();
    let account =
        |login: &str| crate::support::account(&configuration, &case.files, "k8s[\"kubernetes-csi\"]", login, &known);
    insta::assert_snapshot!(account("nikhita"), @r#"
    role = "admin"
    on create
    login = "nikhita"
    "#);
    insta::assert_snapshot!(account("pohly"), @r#"
    role = "member"
    on create
    login = "pohly"
    "#);
    let team = configuration
        .evaluate
        .group("k8s[\"kubernetes\"]".into(), "team[\"kubernetes/release-managers\"]".into(), &known)
        .unwrap();
    insta::assert_snapshot!(crate::support::wanted(&team), @r#"
    description = "People actively pushing Kubernetes releases. Gives admin access to repos where branches must be created and write access to ones where label/PR management is needed. Remove users who are not actively doing this job."
    name = "release-managers"
    privacy = "closed"
    "#);
}
