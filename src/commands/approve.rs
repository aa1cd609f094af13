//! `tenure approve`.

use std::path::PathBuf;

use engine::approval::{Said, draw_up};

use crate::cli::ApproveArgs;
use crate::edge::sshsig::NAMESPACE;
use crate::edge::{Clock as _, SystemClock, provenance};
use crate::render::text::counted;
use crate::{Error, Exit, approvalfile, planfile, render};

/// Writes an approval. Nothing is read but the plan.
pub fn run(args: &ApproveArgs) -> Result<Exit, Error> {
    let plan = planfile::read(&args.plan, args.identity.as_deref())?;
    let now = SystemClock.now();
    let expires = now.plus_millis(i64::try_from(args.expires.as_millis()).unwrap_or(i64::MAX));
    let (by, host) = (provenance::actor(), provenance::host());
    let (finding, only, reason) = (args.finding, &args.address[..], args.reason.as_str());
    let approval = draw_up(&plan, Said { finding, only, reason, by, host, at: now, expires }).map_err(|refused| {
        Error::new(refused.to_string()).hint("`tenure show PLAN` tells what is held, and by what")
    })?;
    let path = args.out.clone().unwrap_or_else(|| {
        let mut path = args.plan.clone().into_os_string();
        path.push(format!(".{finding}.approval"));
        PathBuf::from(path)
    });
    approvalfile::write(&path, &approval)?;
    let path = path.display();
    let what = match approval.addresses.len() {
        0 => "what it says".to_owned(),
        many => counted(many, "address", "addresses"),
    };
    render::note(&format!(
        "{path} approves {what} of `{finding}` until {expires}\n\
         to sign it: `ssh-keygen -Y sign -n {NAMESPACE} -f KEY {path}`\n\
         to use it: `tenure apply {} --approval {path}`",
        args.plan.display()
    ));
    Ok(Exit::Done)
}
