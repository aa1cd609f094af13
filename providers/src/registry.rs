//! The providers that there are, one line each.

use crate::Provider;

const PROVIDERS: &[&dyn Provider] =
    &[&crate::directory::Directory, &crate::ldap::Ldap, &crate::postgresql::Postgresql, &crate::scim::Scim];

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

#[cfg(test)]
mod tests {
    #[test]
    fn every_name_finds_its_provider() {
        let names = super::names();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "sorted, each once: {names:?}");
        assert!(names.iter().all(|name| super::find(name).is_some_and(|provider| provider.name() == *name)));
        assert!(super::find("no such provider").is_none());
    }
}
