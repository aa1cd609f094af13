//! The world in which a test begins: most often the configuration, applied to empty systems.

use std::collections::BTreeMap;

use engine::configuration::{Given, GivenValue};
use engine::language::{Block, Diagnostic, Span};
use state::{Finding, Observed, Symbol, Timestamp};

use crate::session::connect;
use crate::simulate::{Applied, Beginning, End, Likeness, Options, Tree, World, words};

/// Applies after which everything that is given must be there.
const ROUNDS: usize = 6;

/// What all tests have in common, and the worlds that were made for some of them.
pub struct Scene {
    pub tree: Tree,
    pub given: Vec<Given>,
    pub now: Timestamp,
    made: BTreeMap<Key, Kept>,
}

/// What a world depends on.
type Key = (Timestamp, String, bool);

/// A world as others can begin with it.
#[derive(Clone)]
struct Kept {
    now: Timestamp,
    record: Vec<u8>,
    holds: BTreeMap<Symbol, Observed>,
}

/// A world in which a test plays.
pub struct Stage {
    pub world: World,
    /// What somebody approves.
    pub approves: Vec<String>,
    /// The last apply.
    pub applied: Option<Applied>,
    /// Whether something happened since.
    pub due: bool,
}

impl Stage {
    /// Applies, where something happened since the last time.
    pub fn apply_if_due(&mut self) {
        if !self.due && self.applied.is_some() {
            return;
        }
        let approves = std::mem::take(&mut self.approves);
        let approve = |finding: &Finding| approves.iter().any(|code| code == finding.code.as_str());
        self.applied = Some(self.world.apply(&Options { approve: &approve, ..Options::default() }));
        self.due = false;
    }
}

impl Scene {
    pub fn new(tree: Tree, given: Vec<Given>, now: Timestamp) -> Scene {
        Scene { tree, given, now, made: BTreeMap::new() }
    }

    /// The world of a test.
    ///
    /// # Errors
    /// What is wrong with its `given` blocks, or with the configuration.
    pub(super) fn begin(&mut self, test: &super::Test) -> Result<Stage, Vec<Diagnostic>> {
        let mut wrong = Vec::new();
        let (mut now, mut given, mut applied) = (self.now, self.given.clone(), true);
        for block in &test.given {
            words::only(block, &["now", "variables", "applied"], &[], &mut wrong);
            now = words::read(block, "now", &mut wrong, |attribute| {
                words::moment(attribute.value.span, &words::value(&attribute.value)?)
            })
            .unwrap_or(now);
            applied = words::read(block, "applied", &mut wrong, |attribute| {
                words::truth(attribute.value.span, &words::value(&attribute.value)?)
            })
            .unwrap_or(applied);
            given.extend(variables(block, &mut wrong));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let span = test.block.span;
        let key = (now, format!("{:?}", test.given.iter().map(|block| block.span).collect::<Vec<_>>()), applied);
        let failed = |why: String| vec![Diagnostic::new(span, format!("the world of this test cannot be made: {why}"))];
        let kept = match self.made.get(&key) {
            Some(kept) => kept.clone(),
            None => {
                let mut world = self.world(now, &given, None).map_err(failed)?;
                if applied {
                    fill(&mut world).map_err(failed)?;
                }
                let kept = keep(&world);
                self.made.insert(key, kept.clone());
                kept
            }
        };
        let world = self.world(now, &given, Some(kept)).map_err(failed)?;
        Ok(Stage { world, approves: Vec::new(), applied: None, due: true })
    }

    fn world(&self, now: Timestamp, given: &[Given], kept: Option<Kept>) -> Result<World, String> {
        let files = self.tree.files();
        let sources = std::sync::Arc::new(self.tree.clone());
        let loaded = engine::configuration::Loaded::load(files, sources, given, now)
            .map_err(|rejected| crate::simulate::process::told(&rejected.into()))?;
        let connections = connect::connections(loaded.systems().values(), std::path::Path::new("."))
            .map_err(|wrong| wrong.into_iter().map(|one| one.message).collect::<Vec<_>>().join("; "))?;
        let likeness = |connection: &connect::Connection| {
            let holds = kept.as_ref().and_then(|kept| kept.holds.get(&connection.name).cloned());
            // Tests are about what is decided: nothing is seen late.
            let mut likeness = Likeness { holds, ..Likeness::offline(connection) };
            likeness.capabilities.visibility = 0;
            (connection.name, likeness)
        };
        let systems: BTreeMap<Symbol, Likeness> = connections.iter().map(likeness).collect();
        let (now, record) = match kept {
            Some(kept) => (kept.now, Some(kept.record)),
            None => (now, None),
        };
        Ok(World::new(Beginning {
            now,
            tree: self.tree.clone(),
            given: given.to_vec(),
            systems: &systems,
            record,
            faults: &[],
            seed: 1,
            key: None,
        }))
    }
}

/// Applies until nothing is left to do.
fn fill(world: &mut World) -> Result<(), String> {
    let approve = |_: &Finding| true;
    for _ in 0..ROUNDS {
        let applied = world.apply(&Options { approve: &approve, ..Options::default() });
        match &applied.end {
            End::Refused(why) => return Err(why.clone()),
            _ if applied.is_settled() => {
                // The filling of the systems lies behind: what is given from now on is counted.
                let now = world.now();
                world.pass(now.plus_millis(8 * 86_400_000));
                return Ok(());
            }
            _ => {}
        }
    }
    let last = world.story.last().cloned().unwrap_or_default();
    Err(format!("after {ROUNDS} applies there is still something to do: {last}"))
}

fn keep(world: &World) -> Kept {
    let now = world.now();
    let holds = world.twins.0.iter().map(|(name, shared)| (*name, shared.with(|twin, _| twin.truth(now)))).collect();
    Kept { now, record: world.store.bytes(), holds }
}

fn variables(block: &Block, wrong: &mut Vec<Diagnostic>) -> Vec<Given> {
    let read = words::read(block, "variables", wrong, |attribute| {
        let value = words::value(&attribute.value)?;
        let span: Span = attribute.value.span;
        let object = value.as_object().ok_or_else(|| {
            Diagnostic::new(span, "variables are an object").hint("write variables = { region = \"eu\" }")
        })?;
        let given = object.iter().map(|(name, value)| Given {
            name: name.to_string(),
            value: GivenValue::Value(value.clone()),
            origin: "given".to_owned(),
            must_exist: true,
        });
        Ok(given.collect())
    });
    read.unwrap_or_default()
}
