//! How the time of a plan with nothing to change grows, by one dimension at a time.

use std::cell::RefCell;
use std::path::Path;

use super::generate::{Day, Shape};
use super::measure::{Measured, median, tenure};
use super::plot::{Picture, svg};
use super::{events, peers, said, table, write};

/// What is varied stands alone; the rest is as in this.
fn base() -> Shape {
    Shape::new(10_000, 3)
}

/// Measures all dimensions, prints them, and draws `docs/growth.svg`.
pub fn measure(place: &Path, largest: usize) {
    let folder = |name: &str| peers::fresh(place, &format!("growth-{name}"));
    let seconds = |measured: Measured| measured.wall.as_secs_f64();
    let nothing = |shape: &Shape| {
        let folder = folder("one");
        applied(&folder, shape);
        seconds(median(3, || tenure(&folder, "plan --detailed-exitcode", &[0])))
    };
    let machine = table::machine();
    let exponents = RefCell::new(String::new());
    let picture = |title: &str, across: &str, points: Vec<(f64, f64)>| {
        let shown: Vec<String> = points.iter().map(|(count, seconds)| format!("{count}: {seconds:.2} s")).collect();
        let line = format!("| {across} | {} | {:.2} |\n", shown.join(", "), peers::exponent(&points));
        eprint!("{line}");
        exponents.borrow_mut().push_str(&line);
        Picture { title: title.to_owned(), across: across.to_owned(), points }
    };
    let people: Vec<usize> = [10_000, 30_000, 100_000].into_iter().filter(|people| *people <= largest).collect();
    let mut pictures = vec![
        picture(
            "People, 3 systems",
            "people",
            people.iter().map(|people| (*people as f64, nothing(&Shape::new(*people, 3)))).collect(),
        ),
        picture(
            "Systems, 10,000 people",
            "systems",
            [1, 3, 10].map(|systems| (systems as f64, nothing(&Shape { systems, ..base() }))).into(),
        ),
        picture(
            "Roles by rule, 10,000 people x 3 systems",
            "roles",
            [100, 300, 1_000].map(|roles| (roles as f64, nothing(&Shape { roles, ..base() }))).into(),
        ),
        picture(
            "Groups within groups",
            "levels",
            [1, 3, 10, 30].map(|depth| (depth as f64, nothing(&Shape { depth, ..base() }))).into(),
        ),
    ];
    let lasting = folder("lasting");
    applied(&lasting, &base());
    let left = |percent: f64| {
        let shape = Shape { leavers: percent, ..base() };
        write(&lasting, &shape, Day::Second);
        let measured = median(3, || tenure(&lasting, "plan --detailed-exitcode", &[2, 3]));
        write(&lasting, &shape, Day::First);
        (base().people as f64 * percent / 100.0, seconds(measured))
    };
    pictures.push(picture("Leavers of 10,000 people", "leavers", [0.1, 1.0, 10.0].map(left).into()));
    let history = |count: u64| {
        events::extend(&lasting.join("state/organisation.tenure"), count);
        (count as f64, seconds(median(3, || tenure(&lasting, "plan --detailed-exitcode", &[0]))))
    };
    pictures.push(picture("Events in the record", "events", [300_000, 1_000_000, 3_000_000].map(history).into()));
    let caption =
        "plan with nothing to change (leavers: to be deactivated); cargo bench --bench organisation -- growth";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/growth.svg");
    std::fs::write(&path, svg(&pictures, caption)).unwrap();
    let exponents = exponents.into_inner();
    let text = format!(
        "{machine}\n\n| what grows | time of a plan | exponent |\n|---|---|---|\n{exponents}\n![How the \
                        time of a plan grows](growth.svg)"
    );
    table::document("growth", &text);
    println!("{text}");
}

fn applied(folder: &Path, shape: &Shape) {
    write(folder, shape, Day::First);
    tenure(folder, "init", &[0]);
    said("apply", tenure(folder, "apply --auto-approve", &[0]));
}
