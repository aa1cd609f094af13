//! The providers that there are, one line each.

use std::collections::BTreeSet;

use crate::{Provider, SettingType};

const PROVIDERS: &[&dyn Provider] = &[
    &crate::directory::Directory,
    &crate::ldap::Ldap,
    &crate::postgresql::Postgresql,
    &crate::scim::Scim,
    &crate::scim_inbound::ScimInbound,
];

/// The provider that is called `name` in `provider = "..."`.
pub fn find(name: &str) -> Option<&'static dyn Provider> {
    PROVIDERS.iter().copied().find(|provider| provider.name() == name)
}

/// The names of all providers, sorted.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = PROVIDERS.iter().map(|provider| provider.name()).collect();
    names.sort_unstable();
    names
}

/// The settings of a provider that only serve to sign in: those that are secret, by its schema. One that stands in for
/// others ([`Provider::open_settings`]) has theirs beside its own.
pub fn credentials(provider: &dyn Provider) -> BTreeSet<&'static str> {
    let secret = |provider: &dyn Provider| {
        let settings = provider.settings().iter();
        settings.filter(|setting| setting.value == SettingType::Secret).map(|setting| setting.name)
    };
    let mut names: BTreeSet<&str> = secret(provider).collect();
    if provider.open_settings() {
        let own = |name: &&str| provider.settings().iter().any(|setting| setting.name == *name);
        names.extend(PROVIDERS.iter().flat_map(|other| secret(*other)).filter(|name| !own(name)));
    }
    names
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_name_finds_its_provider() {
        let names = super::names();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "sorted, each once: {names:?}");
        assert!(names.iter().all(|name| super::find(name).is_some_and(|provider| provider.name() == *name)));
        assert!(super::find("no such provider").is_none());
    }

    #[test]
    fn credentials_are_what_is_secret_to_a_provider_or_to_those_it_stands_in_for() {
        let of = |name: &str| super::credentials(super::find(name).unwrap()).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(of("scim"), "client_secret password token");
        assert_eq!(of("postgresql"), "password write_password");
        assert_eq!(of("directory"), "client_secret password token write_password");
    }
}
