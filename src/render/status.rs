//! `status`: what is to come, by date, and what is held.

use std::io::{self, Write};

use anstyle::{AnsiColor, Effects, Style};
use engine::plan::Coming;
use serde_json::{Value, json};
use state::record::{Recorded, UsedApproval};
use state::{Address, Digest, Symbol, Timestamp};

use crate::render::text::{clean, counted};
use crate::render::who::moment;

const BOLD: Style = Style::new().effects(Effects::BOLD);
const DIM: Style = Style::new().effects(Effects::DIMMED);
const HELD: Style = AnsiColor::Yellow.on_default();

/// The form of the JSON.
const FORMAT: u32 = 1;
/// Lines under one heading.
const MOST: usize = 50;

/// Everything that is told.
pub struct Status<'a> {
    pub now: Timestamp,
    pub coming: Coming,
    pub recorded: &'a Recorded,
}

impl Status<'_> {
    /// For a terminal: of what is to come what comes within so many milliseconds.
    pub fn text(&self, to: &mut dyn Write, within: i64) -> io::Result<()> {
        let Coming { stages, expiring, leaving, orphans, ownerless, on_hold } = &self.coming;
        let horizon = self.now.plus_millis(within);
        let last_day = horizon.to_jiff().strftime("%Y-%m-%d").to_string();
        let mut parts: Vec<(&str, Vec<String>)> = Vec::new();
        let stages = stages.iter().filter(|stage| stage.due <= horizon).map(|stage| {
            let due = if stage.due <= self.now { "due since " } else { "" };
            let held = if stage.on_hold { format!("  {HELD}legal hold{HELD:#}") } else { String::new() };
            format!("{due}{}  {} {}{held}", stage.day, stage.action.word(), stage.account)
        });
        parts.push(("Offboarding", stages.collect()));
        let ends = leaving.iter().filter(|(day, _)| day.as_str() <= last_day.as_str());
        parts.push(("Leaving", ends.map(|(day, who)| format!("{day}  {who}")).collect()));
        let ends = expiring.iter().filter(|(until, _)| *until <= horizon);
        parts.push((
            "Access that ends",
            ends.map(|(until, what)| format!("{}  {what}{}", moment(*until), self.renewal(*what))).collect(),
        ));
        let orphans = orphans.iter().map(|orphan| {
            let how = match (orphan.active, orphan.stage) {
                (true, _) => format!("{HELD}active{HELD:#}"),
                (false, Some(stage)) => stage.word().to_owned(),
                (false, None) => "switched off".to_owned(),
            };
            format!("{}  {how}", orphan.account)
        });
        parts.push(("Accounts whose person is gone", orphans.collect()));
        parts.push(("Services whose owners all left", ownerless.iter().map(Address::to_string).collect()));
        parts.push(("On legal hold", on_hold.iter().map(Address::to_string).collect()));
        parts.push((
            "Suspended",
            self.suspended()
                .map(|(who, since, by, why)| {
                    format!(
                        "{who}  {HELD}since {}{HELD:#} by {}: {}",
                        moment(since),
                        clean(by.as_str()),
                        clean(why.as_str())
                    )
                })
                .collect(),
        ));
        let undone = self
            .recorded
            .undone
            .iter()
            .map(|(address, undone)| format!("{address}  since run {} was undone", clean(undone.run.as_str())));
        parts.push(("As an undo left it", undone.collect()));
        parts.push((
            "Approvals not used up",
            self.approvals()
                .map(|(digest, approval)| {
                    let open = counted(approval.open.len(), "address", "addresses");
                    let (by, reason) = (clean(&approval.by), clean(&approval.reason));
                    let name = digest.to_string();
                    let name = name.get(..12).unwrap_or_default();
                    format!(
                        "{name}  {} of {open} by {by} until {}: {reason}",
                        approval.finding,
                        moment(approval.expires)
                    )
                })
                .collect(),
        ));
        let doubts = self.recorded.open.iter().map(|open| {
            format!("{} {}  run {}", open.change.action.word(), open.change.address, clean(open.run.as_str()))
        });
        parts.push(("In doubt", doubts.collect()));
        parts.retain(|(_, lines)| !lines.is_empty());
        if parts.is_empty() {
            return writeln!(to, "Nothing is to come, and nothing is held.");
        }
        for (n, (heading, lines)) in parts.iter().enumerate() {
            writeln!(to, "{}{BOLD}{heading}{BOLD:#}", if n == 0 { "" } else { "\n" })?;
            for line in lines.iter().take(MOST) {
                writeln!(to, "  {line}")?;
            }
            if lines.len() > MOST {
                writeln!(to, "  {DIM}... and {} more{DIM:#}", lines.len() - MOST)?;
            }
        }
        Ok(())
    }

    /// For programs: one object.
    pub fn json(&self, to: &mut dyn Write) -> io::Result<()> {
        let Coming { stages, expiring, leaving, orphans, ownerless, on_hold } = &self.coming;
        let list = |values: &mut dyn Iterator<Item = Value>| Value::Array(values.collect());
        let whole = json!({
            "format_version": FORMAT,
            "at": self.now,
            "stages": list(&mut stages.iter().map(|stage| json!({
                "due": stage.due, "day": stage.day, "action": stage.action, "account": stage.account,
                "legal_hold": stage.on_hold,
            }))),
            "leaving": list(&mut leaving.iter().map(|(day, who)| json!({ "last_day": day, "identity": who }))),
            "expiring": list(&mut expiring.iter().map(|(until, what)| json!({
                "until": until, "address": what,
                "why": self.recorded.objects.get(what).map(|object| object.why.as_slice()).unwrap_or_default(),
            }))),
            "orphans": list(&mut orphans.iter().map(|orphan| json!({
                "account": orphan.account, "active": orphan.active, "since": orphan.since, "stage": orphan.stage,
            }))),
            "ownerless": ownerless,
            "legal_holds": on_hold,
            "suspended": list(&mut self.suspended().map(|(who, since, by, reason)| json!({
                "identity": who, "since": since, "by": by, "reason": reason,
            }))),
            "undone": list(&mut self.recorded.undone.iter().map(|(address, undone)| json!({
                "address": address, "undone": undone.run, "by": undone.by, "at": undone.at,
            }))),
            "approvals": list(&mut self.approvals().map(|(digest, approval)| json!({
                "digest": digest, "finding": approval.finding, "by": approval.by, "signers": approval.signers,
                "reason": approval.reason, "expires": approval.expires,
                "open": approval.open.keys().collect::<Vec<_>>(),
                "used": approval.used.keys().collect::<Vec<_>>(),
            }))),
            "in_doubt": list(&mut self.recorded.open.iter().map(|open| json!({
                "address": open.change.address, "action": open.change.action, "run": open.run, "at": open.at,
            }))),
        });
        serde_json::to_writer_pretty(&mut *to, &whole)?;
        writeln!(to)
    }

    /// Which block gives it, where a later `until` renews it: `  role.oncall (roles.hcl:12)`.
    fn renewal(&self, address: Address) -> String {
        let why = self.recorded.objects.get(&address).map(|object| object.why.as_slice()).unwrap_or_default();
        let reasons: Vec<String> = why.iter().map(crate::render::who::because).collect();
        if reasons.is_empty() { String::new() } else { format!("  {DIM}{}{DIM:#}", reasons.join(", ")) }
    }

    fn suspended(&self) -> impl Iterator<Item = (Address, Timestamp, Symbol, Symbol)> {
        self.recorded.suspensions.iter().map(|(who, hold)| (*who, hold.since, hold.by, hold.reason))
    }

    /// Those of which a run made use, that still hold, and of which something is left.
    fn approvals(&self) -> impl Iterator<Item = (&Digest, &UsedApproval)> {
        let open = |approval: &UsedApproval| approval.expires > self.now && !approval.open.is_empty();
        self.recorded.approvals.iter().filter(move |(_, approval)| open(approval))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::plan::{ComingStage, Orphan};
    use state::record::{RecordedObject, StageKind, Suspension};
    use state::{Action, Code, Reason};

    fn shown(within: i64) -> String {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let address = |text: &str| text.parse::<Address>().unwrap();
        let mut recorded = Recorded::default();
        let (reason, by) = ("stolen laptop\u{1b}[2J".into(), "eve".into());
        let suspension = Suspension { reason, by, since: at("2026-11-22T08:00:00Z"), run: "r2".into() };
        recorded.suspensions.insert(address("person.cat"), suspension);
        let used = |expires: &str, open: &[&str]| UsedApproval {
            finding: Code::MassRemoval,
            reason: "sold".to_owned(),
            by: "ada".to_owned(),
            signers: Vec::new(),
            expires: at(expires),
            open: open.iter().map(|text| (address(text), "r1".into())).collect(),
            used: Default::default(),
        };
        let open = ["account.chat.ada", "account.chat.bob"];
        recorded.approvals.insert(Digest::of(b"1"), used("2026-11-24T00:00:00Z", &open));
        recorded.approvals.insert(Digest::of(b"2"), used("2026-11-23T00:00:00Z", &open));
        recorded.approvals.insert(Digest::of(b"3"), used("2026-11-24T00:00:00Z", &[]));
        let stage = |day: &str, who: &str, action, on_hold| ComingStage {
            due: at(&format!("{day}T12:00:00Z")),
            day: day.into(),
            account: address(who),
            action,
            on_hold,
        };
        let stages = vec![
            stage("2026-11-20", "account.chat.dan", Action::Archive, true),
            stage("2026-12-20", "account.chat.dora", Action::Transfer, false),
            stage("2027-12-20", "account.chat.dave", Action::Delete, false),
        ];
        let since = at("2025-01-01T00:00:00Z");
        let orphan = |who: &str, active, stage| Orphan { account: address(who), active, since, stage };
        let orphans =
            vec![orphan("account.chat.eve", true, None), orphan("account.chat.fay", false, Some(StageKind::Archived))];
        let expiring = vec![(at("2026-11-30T00:00:00Z"), address("membership.chat.oncall.bob"))];
        let leaving = vec![("2026-12-31".into(), address("person.bob"))];
        let coming = Coming {
            stages,
            expiring,
            leaving,
            orphans,
            ownerless: vec![address("service.deployer")],
            on_hold: vec![address("person.dan")],
        };
        let why = Reason { because: "role.oncall, until 2026-11-30".into(), place: Some("roles.hcl:12".into()) };
        let oncall = serde_json::json!({"id": "", "active": true, "origin": "made", "since": since, "why": [why]});
        let oncall: RecordedObject = serde_json::from_value(oncall).unwrap();
        recorded.objects.insert(address("membership.chat.oncall.bob"), oncall);
        let mut out = Vec::new();
        let status = Status { now: at("2026-11-23T12:00:00Z"), coming, recorded: &recorded };
        status.text(&mut out, within * 86_400_000).unwrap();
        anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
    }

    #[test]
    fn a_status() {
        insta::assert_snapshot!(shown(30), @r#"
        Offboarding
          due since 2026-11-20  archive account.chat.dan  legal hold
          2026-12-20  transfer account.chat.dora

        Access that ends
          2026-11-30 00:00:00Z  membership.chat.oncall.bob  role.oncall, until 2026-11-30 (roles.hcl:12)

        Accounts whose person is gone
          account.chat.eve  active
          account.chat.fay  archived

        Services whose owners all left
          service.deployer

        On legal hold
          person.dan

        Suspended
          person.cat  since 2026-11-22 08:00:00Z by eve: stolen laptop\u{1b}[2J

        Approvals not used up
          6b86b273ff34  mass-removal of 2 addresses by ada until 2026-11-24 00:00:00Z: sold
        "#);
        assert!(shown(400).contains("2027-12-20  delete account.chat.dave"));
        assert!(shown(400).contains("Leaving\n  2026-12-31  person.bob"));
    }
}
