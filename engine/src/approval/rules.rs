//! What a configuration demands of approvals: how many signatures, and that nobody approves what they run themselves.

use state::record::ApprovalRules;

/// Why an approval does not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmet {
    #[error("it needs {needed} from different people, and has {}", .signers.len())]
    TooFew { needed: String, signers: Vec<String> },
    #[error("{who} wrote it and runs this too: somebody else must approve")]
    OwnApproval { who: String },
}

/// The stricter of what the record and the files demand: no commit lowers what judges it.
pub fn in_force(recorded: &ApprovalRules, configured: &ApprovalRules) -> ApprovalRules {
    let signers = match (&recorded.allowed_signers, recorded.signatures > 0) {
        (Some(path), true) => Some(path),
        _ => configured.allowed_signers.as_ref(),
    };
    ApprovalRules {
        signatures: recorded.signatures.max(configured.signatures),
        not_by_runner: recorded.not_by_runner || configured.not_by_runner,
        allowed_signers: signers.cloned(),
    }
}

/// What the files demand less than the record does; none where they do not.
pub fn lowered(recorded: &ApprovalRules, configured: &ApprovalRules) -> Option<String> {
    let mut words = Vec::new();
    if configured.signatures < recorded.signatures {
        words.push(format!("signatures from {} to {}", recorded.signatures, configured.signatures));
    }
    if recorded.not_by_runner && !configured.not_by_runner {
        words.push("not_by_runner from true to false".to_owned());
    }
    if recorded.signatures > 0 && configured.allowed_signers != recorded.allowed_signers {
        let path = |path: &Option<String>| path.as_deref().unwrap_or("nothing").to_owned();
        let (from, to) = (path(&recorded.allowed_signers), path(&configured.allowed_signers));
        words.push(format!("allowed_signers from {from} to {to}"));
    }
    (!words.is_empty()).then(|| format!("the files lower what approvals must be like: {}", words.join(", ")))
}

/// Whether an approval by `by`, signed by `signers`, does for a run of `runner`.
///
/// # Errors
/// What it lacks.
pub fn admit(rules: &ApprovalRules, by: &str, signers: &[String], runner: &str) -> Result<(), Unmet> {
    let own = |who: &str| rules.not_by_runner && same_person(who, runner);
    if own(by) {
        return Err(Unmet::OwnApproval { who: by.to_owned() });
    }
    let counted: Vec<String> = signers.iter().filter(|signer| !own(signer)).cloned().collect();
    if counted.len() < rules.signatures as usize {
        let needed =
            if rules.signatures == 1 { "a signature".to_owned() } else { format!("{} signatures", rules.signatures) };
        return Err(Unmet::TooFew { needed, signers: counted });
    }
    Ok(())
}

/// `ada`, `ada (GitHub Actions)` and `ada@acme.example` are taken for one: rather too strict than too lax.
fn same_person(a: &str, b: &str) -> bool {
    let name = |text: &str| {
        let text = text.split(" (").next().unwrap_or(text);
        text.split('@').next().unwrap_or(text).trim().to_lowercase()
    };
    name(a) == name(b)
}
