//! Whom filters find, in which order, on which page, and what of them is shown.

use serde_json::{Value, json};

use super::super::outgoing::Projection;
use super::people;
use crate::scim::rfc;

#[test]
fn filters_find_whom_they_describe() {
    let bench = people();
    let id = bench.get("/Users?filter=userName%20eq%20%22bob%22")["Resources"][0]["id"].as_str().unwrap().to_owned();
    let table = [
        ("userName eq \"ADA\"", "Ada"),
        ("USERNAME Eq \"ada\"", "Ada"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"ada\"", "Ada"),
        ("userName ne \"ada\"", "bob cat"),
        ("userName sw \"a\" or userName ew \"T\"", "Ada cat"),
        ("userName co \"o\"", "bob"),
        ("userName gt \"ada\"", "bob cat"),
        ("userName ge \"bob\" and userName lt \"cat\"", "bob"),
        ("title eq \"engineer\"", "Ada bob"),
        ("title pr", "Ada bob"),
        ("title eq null", "cat"),
        ("not (title pr)", "cat"),
        ("active eq true", "Ada cat"),
        ("active eq \"False\"", "bob"),
        ("externalId eq \"C-1\"", "cat"),
        // An external id is another in another case.
        ("externalId eq \"c-1\"", ""),
        ("name.familyName eq \"kahn\"", "bob"),
        ("emails eq \"ada@home.example\"", "Ada"),
        ("emails.type eq \"work\"", "Ada"),
        ("emails[type eq \"work\" and value co \"@acme\"]", "Ada"),
        ("emails[type eq \"home\" and value co \"@acme\"]", "bob"),
        ("emails[not (type eq \"home\")]", "Ada"),
        ("emails[primary eq true]", "Ada"),
        ("emails ne \"ada@acme.example\"", "bob cat"),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"sales\"", "bob"),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq \"1\"", "Ada bob"),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq \"1\"", "Ada bob"),
        ("urn:acme:2.0:Payroll:grade ge 7", "bob"),
        ("urn:acme:2.0:payroll:Remote eq true", "bob"),
        ("urn:acme:2.0:Payroll pr", "bob"),
        ("schemas eq \"urn:acme:2.0:Payroll\"", "bob"),
        ("meta.created gt \"2000-01-01T00:00:00Z\" and meta.resourceType eq \"User\"", "Ada bob cat"),
        ("meta.lastModified le \"2000-01-01T00:00:00+01:00\"", ""),
        // `and` binds before `or`.
        ("userName eq \"cat\" or userName eq \"bob\" and title pr", "bob cat"),
        ("(userName eq \"cat\" or userName eq \"bob\") and title pr", "bob"),
        ("userName eq \"say \\\"hi\\\" \\u00e9\"", ""),
    ];
    for (filter, expected) in table {
        assert_eq!(bench.find(&format!("filter={filter}").replace('&', "")), expected, "{filter}");
    }
    assert_eq!(bench.find(&format!("filter=id eq \"{id}\" and active eq false")), "bob");
    for filter in
        ["active co \"t\"", "emails[shoe eq 1]", "name eq \"x\"", "userName eq 5", "a.b.c pr", "id eq [1]", "x"]
    {
        assert_eq!(bench.find(&format!("filter={filter}")), "invalidFilter", "{filter}");
    }
}

#[test]
fn lists_are_sorted_and_read_page_by_page() {
    let bench = people();
    assert_eq!(bench.find("sortBy=userName"), "Ada bob cat");
    assert_eq!(bench.find("sortBy=userName&sortOrder=descending"), "cat bob Ada");
    assert_eq!(bench.find("sortBy=name.familyName"), "bob cat Ada", "who has none comes last");
    assert_eq!(bench.find("sortBy=emails.value"), "Ada bob cat");
    assert_eq!(bench.find("startIndex=2&count=1"), "bob");
    assert_eq!(bench.find("startIndex=-5&count=-1"), "");
    assert_eq!(bench.find("startIndex=9"), "");
    let page = bench.get("/Users?startIndex=2&count=5");
    assert_eq!((&page["totalResults"], &page["itemsPerPage"], &page["startIndex"]), (&json!(3), &json!(2), &json!(2)));
    for sort in ["", "&sortBy=title"] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = bench.get(&format!("/Users?cursor={cursor}&count=2{sort}"));
            seen.extend(page["Resources"].as_array().unwrap().iter().map(|user| user["userName"].clone()));
            match page["nextCursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(seen, ["Ada", "bob", "cat"], "{sort}");
    }
    // Who was seen and is gone moves nothing.
    let next = bench.get("/Users?cursor=&count=1")["nextCursor"].as_str().unwrap().to_owned();
    let ada = bench.get("/Users?count=1")["Resources"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(bench.ask(&format!("DELETE /Users/{ada}"), &Value::Null).status, 204);
    assert_eq!(bench.get(&format!("/Users?cursor={next}&count=1"))["Resources"][0]["userName"], "bob");
}

#[test]
fn a_search_over_everything_asks_each_kind_what_it_can() {
    let bench = people();
    bench.group("Ada", &[]);
    let names = |search: Value| {
        let search = bench.ask("POST /.search", &search);
        let found = search.body["Resources"].as_array().unwrap().clone();
        found.iter().map(|one| one["meta"]["resourceType"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let search = |filter: &str| json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter, "count": 10});
    assert_eq!(names(search("displayName eq \"ada\"")), ["Group"]);
    assert_eq!(names(search("userName eq \"ada\" or displayName pr")), ["User"], "a group has no userName");
    assert_eq!(names(search("meta.resourceType eq \"Group\" or id pr")).len(), 4);
}

#[test]
fn what_is_asked_for_is_shown_and_no_more() {
    let bench = people();
    let ada = bench.find("filter=userName eq \"ada\"");
    assert_eq!(ada, "Ada");
    let keys = |parameters: &str| {
        let list = bench.get(&format!("/Users?count=1&{parameters}"));
        let user = list["Resources"][0].as_object().unwrap().clone();
        user.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(keys("attributes=USERNAME"), "id schemas userName");
    assert_eq!(keys("attributes=emails.value,nothing"), "emails id schemas");
    assert_eq!(keys("attributes=meta.version"), "id meta schemas");
    assert_eq!(keys(&format!("attributes={}:department", rfc::ENTERPRISE)), format!("id schemas {}", rfc::ENTERPRISE));
    assert_eq!(
        keys("excludedAttributes=emails,meta,id,schemas,title,active"),
        format!("id schemas {} userName", rfc::ENTERPRISE)
    );
    let emails = &bench.get("/Users?count=1&attributes=emails.type")["Resources"][0]["emails"];
    assert_eq!(*emails, json!([{"type": "work"}, {"type": "home"}]));
    let some = Projection::new(Some(&["emails.value".into(), "emails".into()]), None);
    assert_eq!(some, Projection::new(Some(&["emails".into()]), None), "all of it goes before a part");
}
