//! Ways to break safeguards and the protocol of apply on purpose, one at a time, so that the simulation can show that it
//! finds each. Only with the feature `mutations`, which nothing but tests asks for: otherwise all of them are off for the
//! compiler, and leave nothing behind.

/// All of them: the name, and what it breaks.
pub const MUTATIONS: &[(&str, &str)] = &[
    ("call-before-durable", "a call does not wait until its intent is durable"),
    ("no-intent", "a call without an intent"),
    ("no-outcome", "outcomes are not recorded"),
    ("stale-goes-on", "what changed since the plan is changed all the same"),
    ("no-read-back", "an answer is believed, where changes are seen later"),
    ("visibility-ignored", "what is not seen at once was not done"),
    ("lost-is-done", "a lost answer is taken for done"),
    ("lost-is-refused", "a lost answer is taken for not done"),
    ("lost-is-repeated", "a lost call is made again"),
    ("settle-early", "what is in doubt is settled before its time has passed"),
    ("settle-not-done", "looking for a creation in doubt finds nothing"),
    ("settle-done", "what is in doubt counts as done"),
    ("late-call", "a call is made though its time has passed"),
    ("commit-unannounced", "a transaction is committed before it stands in the record"),
    ("gate-open", "what depends on something that was not done goes on"),
    ("held-goes-on", "what a safeguard holds is applied"),
    ("breaker-off", "a system that fails and fails is not left alone"),
    ("fatal-goes-on", "calls go on after the record could not be written"),
    ("confirm-skipped", "what a listing lacks counts as gone, without a direct read"),
    ("witness-skipped", "a direct read is believed that does not find what the listing shows either"),
    ("emptied-settles", "an empty listing settles what is in doubt"),
    ("nothing-settles", "a creation counts as not done where the system shows nothing of its kind"),
    ("lock-ignored", "a process writes on after it lost its lock"),
    ("not-watched", "who stays in a protected group, and what is owned, is not looked at again before a change"),
    ("vanished-is-new", "an account that is gone, or is another one, is looked for and made anew (vanished, replaced)"),
    ("unread-is-empty", "a system that could not be read counts as empty (incomplete-read)"),
    ("suspended-outside", "what others switched off is switched on"),
    ("collision", "an account is made beside one with the same key"),
    ("conflict", "the safeguard of this name"),
    ("first-deactivation", "the safeguard of this name"),
    ("first-exclusive", "the safeguard of this name"),
    ("guard-lowered", "looser limits count at once"),
    ("in-doubt", "the safeguard of this name"),
    ("irreversible", "the safeguard of this name"),
    ("last-admin", "the safeguard of this name"),
    ("legal-hold", "the safeguard of this name"),
    ("mass-change", "the safeguard of this name"),
    ("mass-grant", "the safeguard of this name"),
    ("mass-removal", "the safeguard of this name"),
    ("no-heir", "the safeguard of this name"),
    ("open-nesting", "the safeguard of this name"),
    ("origin-changed", "the safeguard of this name"),
    ("owned-data", "the safeguard of this name"),
    ("privileged-grant", "the safeguard of this name"),
    ("probable-rename", "the safeguard of this name"),
    ("reused-identifier", "the safeguard of this name"),
    ("source-shrank", "the safeguard of this name"),
    ("suspended", "a suspension takes nothing and keeps nothing away"),
];

#[cfg(feature = "mutations")]
thread_local! {
    static ON: std::cell::Cell<Option<&'static str>> = const { std::cell::Cell::new(None) };
}

#[cfg(feature = "mutations")]
static EVERYWHERE: std::sync::OnceLock<String> = std::sync::OnceLock::new();

/// Breaks the one that is asked for, on every thread of this process.
#[cfg(feature = "mutations")]
pub fn everywhere(asked: impl FnOnce() -> Option<String>) {
    if let Some(name) = asked() {
        let _ = EVERYWHERE.set(name);
    }
}

/// Breaks nothing.
#[cfg(not(feature = "mutations"))]
#[inline(always)]
pub fn everywhere(_: impl FnOnce() -> Option<String>) {}

/// Breaks this one from now on, on this thread; none: nothing is broken.
#[cfg(feature = "mutations")]
pub fn set(name: Option<&'static str>) {
    ON.with(|on| on.set(name));
}

/// Whether this one is broken.
#[cfg(feature = "mutations")]
pub fn on(name: &str) -> bool {
    ON.with(|on| on.get() == Some(name)) || EVERYWHERE.get().is_some_and(|own| own == name)
}

/// Whether this one is broken: never.
#[cfg(not(feature = "mutations"))]
#[inline(always)]
pub const fn on(_: &str) -> bool {
    false
}
