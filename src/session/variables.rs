//! Values given to variables from outside: by the environment, by files, on the command line; the last wins.

use engine::configuration::{Given, GivenValue, read_variables};
use engine::language::Files;

use crate::Error;
use crate::cli::Global;

const PREFIX: &str = "TENURE_VAR_";

/// What was given on the command line and in the environment.
///
/// # Errors
/// Where a file of variables cannot be read.
pub fn given(global: &Global) -> Result<Vec<Given>, Error> {
    let mut given: Vec<Given> = std::env::vars_os()
        .filter_map(|(name, value)| {
            let origin = name.into_string().ok()?;
            let name = origin.strip_prefix(PREFIX)?.to_owned();
            let value = GivenValue::Text(value.into_string().ok()?);
            Some(Given { name, value, origin, must_exist: false })
        })
        .collect();
    given.sort_by(|a, b| a.name.cmp(&b.name));
    for path in &global.var_file {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::new(format!("cannot read the variables in {shown}: {error}"))
                .hint("--var-file names a file with lines such as `region = \"eu\"`, or a JSON object")
        })?;
        given.extend(
            read_variables(&shown, &text)
                .map_err(|wrong| Error::Configuration { files: Files::default(), diagnostics: vec![wrong] })?,
        );
    }
    given.extend(global.var.iter().map(|assignment| Given {
        name: assignment.name.clone(),
        value: GivenValue::Text(assignment.value.clone()),
        origin: "--var".to_owned(),
        must_exist: true,
    }));
    Ok(given)
}
