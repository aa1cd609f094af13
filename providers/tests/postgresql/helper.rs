//! How the tests come to a system.

use std::sync::Arc;

use state::{Symbol, Value};
use tenure_providers::Settings;
use tenure_providers::postgresql::{Client, Options};

use crate::cluster::{Cluster, PASSWORD};

/// The settings of a system block that leads to a cluster as its superuser, and some more.
pub fn settings(cluster: &Cluster, more: &[(&str, Value)]) -> Settings {
    let mut values = vec![(Symbol::new("url"), Value::text(cluster.url.as_str()))];
    for (name, value) in more {
        let name = Symbol::new(name);
        values.retain(|(own, _)| *own != name);
        values.push((name, value.clone()));
    }
    Settings {
        system: "warehouse".into(),
        values,
        secrets: vec![(Symbol::new("password"), PASSWORD.to_owned())],
        ..Settings::default()
    }
}

/// A client that reads.
pub fn client(settings: &Settings) -> Client {
    Client::reading(Arc::new(Options::read(settings).unwrap())).unwrap()
}
