//! Approvals handed to a command: read, their signatures checked, held against its plan.

use std::path::{Path, PathBuf};

use engine::approval::{Given, Lifted, admit, in_force, lift, lowered};
use engine::guard::{Watch, accepted_sources};
use state::record::ApprovalRules;
use state::{Code, Finding, Plan, Severity};

use super::prepare::Prepared;
use crate::approvalfile::{self, Read};
use crate::edge::provenance;
use crate::edge::sshsig::{self, AllowedSigners, NAMESPACE, Signature};
use crate::{Error, render};

const NOTHING: &str = "nothing was changed";

/// The approvals in these files.
///
/// # Errors
/// The first that cannot be read, or was changed.
pub fn read(paths: &[PathBuf]) -> Result<Vec<(PathBuf, Read)>, Error> {
    paths.iter().map(|path| Ok((path.clone(), approvalfile::read(path)?))).collect()
}

/// Takes what the approvals cover out of the plan's findings.
///
/// # Errors
/// The first approval that does not fit the plan, or does not do. Nothing is taken out then.
pub fn apply(
    plan: &mut Plan,
    watches: &[Watch],
    approvals: &[(PathBuf, Read)],
    prepared: &Prepared,
) -> Result<Lifted, Error> {
    if approvals.is_empty() {
        return Ok(Lifted::default());
    }
    let rules = rules(prepared);
    let allowed = allowed(&rules, &prepared.folder.path)?;
    let runner = provenance::actor();
    let mut given = Vec::new();
    for (path, read) in approvals {
        let signers = signers(path, read, &rules, allowed.as_ref(), prepared)?;
        admit(&rules, &read.approval.by, &signers, &runner).map_err(|unmet| {
            let sign = format!("sign it: `ssh-keygen -Y sign -n {NAMESPACE} -f KEY {}`", path.display());
            refused(path, &unmet.to_string()).hint(if signers.len() < rules.signatures as usize {
                format!("{sign}; {NOTHING}")
            } else {
                NOTHING.to_owned()
            })
        })?;
        given.push(Given { approval: read.approval.clone(), digest: read.digest, signers });
    }
    // Who stays in protected groups, and which deactivation goes first, is judged by what the other approvals let go.
    let mut lifted = Lifted::default();
    let late = |place: &usize| {
        let finding = given.get(*place).map(|one| one.approval.finding);
        matches!(finding, Some(Code::LastAdmin | Code::FirstDeactivation))
    };
    let (late, others): (Vec<usize>, Vec<usize>) = (0..given.len()).partition(late);
    let of = |code| {
        late.iter().copied().filter(|place| given.get(*place).is_some_and(|one| one.approval.finding == code)).collect()
    };
    for places in [others, of(Code::LastAdmin), of(Code::FirstDeactivation)] {
        let some: Vec<Given> = places.iter().filter_map(|place| given.get(*place).cloned()).collect();
        let own = |place: usize| places.get(place).copied().unwrap_or_default();
        let now = lift(plan, &some, &prepared.recorded, prepared.folder.now).map_err(|(place, misfit)| {
            let path = approvals.get(own(place)).map_or(Path::new(""), |(path, _)| path);
            refused(path, &misfit.to_string())
                .hint(format!("{NOTHING}; `tenure plan --out FILE` and `tenure approve FILE` make a new one"))
        })?;
        lifted.uses.extend(now.uses);
        lifted.unneeded.extend(now.unneeded.into_iter().map(own));
        prepared.judge_again(watches, plan);
    }
    // What somebody approved that a source lost is what it is like from now on.
    let of_sources =
        |severity| move |finding: &Finding| finding.code == Code::SourceShrank && finding.severity == severity;
    if plan.findings.iter().any(of_sources(Severity::Approved))
        && !plan.findings.iter().any(of_sources(Severity::Holds))
    {
        plan.facts.extend(accepted_sources(&prepared.configuration, &prepared.recorded));
    }
    for place in &lifted.unneeded {
        if let Some((path, read)) = approvals.get(*place) {
            let code = read.approval.finding;
            render::note(&format!("{} is not needed: `{code}` holds nothing in this plan", path.display()));
        }
    }
    Ok(lifted)
}

/// What approvals must be like now.
pub fn rules(prepared: &Prepared) -> ApprovalRules {
    in_force(&prepared.recorded.approval_rules, &prepared.configuration.settings.approvals)
}

/// What they must be like after this plan: less only where that was approved.
pub fn rules_after(prepared: &Prepared, plan: &Plan) -> ApprovalRules {
    let (recorded, configured) = (&prepared.recorded.approval_rules, &prepared.configuration.settings.approvals);
    let approved = |message: &String| {
        plan.findings.iter().any(|finding| {
            finding.code == Code::GuardLowered && finding.severity == Severity::Approved && finding.message == *message
        })
    };
    match lowered(recorded, configured) {
        Some(message) if approved(&message) => configured.clone(),
        _ => in_force(recorded, configured),
    }
}

fn refused(path: &Path, why: &str) -> Error {
    Error::new(format!("the approval {} is refused: {why}", path.display()))
}

/// The names of those whose signatures beside the file are good, sorted, each once.
fn signers(
    path: &Path,
    read: &Read,
    rules: &ApprovalRules,
    allowed: Option<&AllowedSigners>,
    prepared: &Prepared,
) -> Result<Vec<String>, Error> {
    let Some(allowed) = allowed else {
        if !read.signatures.is_empty() && rules.signatures == 0 {
            render::note(&format!(
                "the signatures of {} are not looked at: `settings {{ approvals {{ allowed_signers }} }}` names no file",
                path.display()
            ));
        }
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    for (file, text) in &read.signatures {
        let wrong = |why: &dyn std::fmt::Display| {
            refused(path, &format!("the signature {} does not do: {why}", file.display())).hint(NOTHING)
        };
        let parts = sshsig::split(text);
        if parts.is_empty() {
            return Err(wrong(&"it is not an SSH signature"));
        }
        for part in parts {
            let signature = Signature::parse(part).map_err(|error| wrong(&error))?;
            signature.verify(&read.bytes, NAMESPACE).map_err(|error| wrong(&error))?;
            let who = allowed.who(&signature.key, NAMESPACE, prepared.folder.now).map_err(|error| wrong(&error))?;
            names.push(who.to_owned());
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// The keys that count. The file must lie outside the configuration folder, links resolved: whoever may change the
/// configuration must not be able to add a key.
fn allowed(rules: &ApprovalRules, folder: &Path) -> Result<Option<AllowedSigners>, Error> {
    let Some(path) = &rules.allowed_signers else { return Ok(None) };
    let cannot = |error: std::io::Error| {
        Error::new(format!("cannot read the allowed signers in {path}: {error}")).hint(
            "`settings { approvals { allowed_signers } }` names the file; the record keeps the one that was in force",
        )
    };
    let resolved = std::fs::canonicalize(folder.join(path)).map_err(cannot)?;
    if resolved.starts_with(folder) {
        return Err(Error::new(format!("the allowed signers in {path} lie inside the configuration folder"))
            .hint("keep the file where those who change the configuration cannot change it, such as /etc/tenure/allowed_signers"));
    }
    let text = std::fs::read_to_string(&resolved).map_err(cannot)?;
    let signers = AllowedSigners::parse(&text).map_err(|(line, error)| {
        Error::new(format!("{path}, line {line}: {error}")).hint("see ALLOWED SIGNERS in `man ssh-keygen`")
    })?;
    Ok(Some(signers))
}
