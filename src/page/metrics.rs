//! Metrics in the text format of Prometheus, 0.0.4.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use state::{Severity, Timestamp};

use crate::commands::watch::board::Known;

/// All of them.
pub fn text(known: &Known, now: Timestamp) -> String {
    let mut to = String::new();
    let seconds = |millis: i64| millis as f64 / 1_000.0;
    let moment = |at: Option<Timestamp>| at.map(|at| (String::new(), seconds(at.millis())));
    let mut put = |name: &str, kind: &str, help: &str, values: Vec<(String, f64)>| {
        if values.is_empty() {
            return;
        }
        let _ = writeln!(to, "# HELP tenure_{name} {help}\n# TYPE tenure_{name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(to, "tenure_{name}{labels} {value}");
        }
    };
    let one = |value: f64| vec![(String::new(), value)];
    put(
        "build_info",
        "gauge",
        "The version that runs.",
        vec![(labels(&[("version", env!("CARGO_PKG_VERSION"))]), 1.0)],
    );
    put("watch_started_timestamp_seconds", "gauge", "When the watch began.", one(seconds(known.started.millis())));
    put(
        "watch_well",
        "gauge",
        "1 where rounds come and the last one read everything.",
        one(f64::from(u8::from(known.unwell(now).is_none()))),
    );
    let rounds = known.rounds.iter().map(|(why, count)| (labels(&[("why", why)]), *count as f64)).collect();
    put("watch_rounds_total", "counter", "Rounds that ended, by what they came from.", rounds);
    put(
        "watch_rounds_failed_total",
        "counter",
        "Rounds that failed or could not read a system.",
        one(known.failed as f64),
    );
    put("watch_rounds_seconds_total", "counter", "Time that rounds took.", one(seconds(known.took.0)));
    put("watch_round_seconds", "gauge", "Time that the last round took.", one(seconds(known.took.1)));
    put(
        "watch_round_timestamp_seconds",
        "gauge",
        "When the last round ended.",
        moment(known.ended).into_iter().collect(),
    );
    put(
        "watch_whole_timestamp_seconds",
        "gauge",
        "When the last round ended that did not fail.",
        moment(known.whole).into_iter().collect(),
    );
    put(
        "watch_applied_total",
        "counter",
        "Addresses that were applied without being asked for.",
        one(known.applied as f64),
    );
    put(
        "webhook_deliveries_total",
        "counter",
        "Deliveries of webhooks that were taken, and that were given up.",
        vec![
            (labels(&[("outcome", "taken")]), known.delivered.0 as f64),
            (labels(&[("outcome", "given_up")]), known.delivered.1 as f64),
        ],
    );
    let hearing = known
        .hearing
        .iter()
        .map(|(system, how)| (labels(&[("system", system.as_str())]), f64::from(u8::from(how.is_ok()))));
    put("system_heard", "gauge", "1 where changes of the system are heard of at once.", hearing.collect());
    let Some(sight) = &known.sight else { return to };
    put("plan_changes", "gauge", "Changes that the last plan came to.", one(sight.changes as f64));
    put("plan_held", "gauge", "Those of them that a safeguard holds.", one(sight.held as f64));
    put("drift", "gauge", "Differences that others made.", one(sight.drift as f64));
    let mut codes: BTreeMap<(&str, bool), u64> = BTreeMap::new();
    for finding in &sight.findings {
        *codes.entry((finding.code.as_str(), finding.severity == Severity::Holds)).or_default() += 1;
    }
    let findings = codes.iter().map(|((code, holds), count)| {
        (labels(&[("code", code), ("holds", if *holds { "true" } else { "false" })]), *count as f64)
    });
    put("findings", "gauge", "What safeguards say of the last plan.", findings.collect());
    let systems = |value: fn(&Result<[usize; 3], String>) -> Option<f64>| {
        let of = |system: &crate::commands::watch::board::System| {
            Some((labels(&[("system", system.name.as_str())]), value(&system.read)?))
        };
        sight.systems.iter().filter_map(of).collect()
    };
    put(
        "system_read",
        "gauge",
        "1 where the last round read the system whole.",
        systems(|read| Some(f64::from(u8::from(read.is_ok())))),
    );
    put(
        "system_accounts",
        "gauge",
        "Accounts that the system holds.",
        systems(|read| read.as_ref().ok().map(|read| read[0] as f64)),
    );
    put(
        "system_groups",
        "gauge",
        "Groups that the system holds.",
        systems(|read| read.as_ref().ok().map(|read| read[1] as f64)),
    );
    put(
        "system_memberships",
        "gauge",
        "Memberships that the system holds.",
        systems(|read| read.as_ref().ok().map(|read| read[2] as f64)),
    );
    put("record_lines", "gauge", "Number of the last line of the record.", one(sight.line as f64));
    put("record_identities", "gauge", "People and services on record.", one(sight.identities as f64));
    put(
        "record_objects",
        "gauge",
        "Accounts, groups, memberships and grants that are managed.",
        one(sight.objects as f64),
    );
    to
}

/// `{system="k8s[\"a\"]"}`.
fn labels(pairs: &[(&str, &str)]) -> String {
    let mut text = String::from("{");
    for (number, (name, value)) in pairs.iter().enumerate() {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let _ = write!(text, "{}{name}=\"{value}\"", if number > 0 { "," } else { "" });
    }
    text + "}"
}
