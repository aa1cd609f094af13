//! `tenure validate`.

use std::collections::BTreeMap;
use std::io::Write as _;

use engine::language::Diagnostic;

use crate::cli::Global;
use crate::render::text::counted;
use crate::session::{Configured, Session, connect};
use crate::{Error, Exit};

/// Checks everything that the files say, also against what the providers know by themselves. No system is contacted.
pub fn run(global: &Global) -> Result<Exit, Error> {
    let session = Session::offline(global)?;
    let folder = session.folder;
    let mut diagnostics = Vec::new();
    let mut schemas = BTreeMap::new();
    for system in folder.systems.values() {
        match connect::connections([system], &folder.path) {
            Ok(connections) => {
                schemas.extend(connections.iter().map(|one| (one.name, one.provider.offline(&one.settings).0)));
            }
            Err(wrong) => diagnostics.extend(wrong),
        }
    }
    let known = schemas.iter().map(|(name, schema)| (*name, schema)).collect();
    if let Configured::Loaded(loaded) = session.configured {
        diagnostics.extend(loaded.validate(known).err().into_iter().flat_map(|rejected| rejected.diagnostics));
    }
    if diagnostics.is_empty() {
        let files = counted(folder.files.0.len(), "file", "files");
        let systems = counted(folder.systems.len(), "system", "systems");
        writeln!(anstream::stdout().lock(), "The configuration is valid: {files}, {systems}.")?;
        return Ok(Exit::Done);
    }
    // Instances of one block are wrong alike: said once.
    let mut once: Vec<Diagnostic> = Vec::with_capacity(diagnostics.len());
    for diagnostic in diagnostics {
        if !once.contains(&diagnostic) {
            once.push(diagnostic);
        }
    }
    Err(folder.rejected(once))
}
