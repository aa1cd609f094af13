//! The first phase: blocks, names, variables, settings, and the systems to connect to.

use std::collections::BTreeMap;

use state::{Symbol, Timestamp};

use super::Facts;
use super::errors::Errors;
use super::inputs::{Inputs, SharedSources};
use super::program::Program;
use super::settings::Rest;
use super::variables::{self, Given};
use super::world::{Run, World};
use super::{Settings, System};
use crate::language::{Diagnostic, Files, parse};

/// A configuration whose systems can be connected to; what depends on them is evaluated by [`Loaded::evaluate`].
pub struct Loaded {
    pub(super) world: World,
    pub(super) settings: Settings,
    pub(super) systems: BTreeMap<Symbol, System>,
    pub(super) sources: Vec<Symbol>,
    /// What settings of the systems rest on.
    pub(super) rests: Vec<Rest>,
}

/// What is wrong with a configuration.
#[derive(Clone, Debug)]
pub struct Rejected {
    /// The files, and texts given for variables, that the places are in.
    pub files: Files,
    /// Sorted by place; never empty.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// Reads the files: checks blocks, labels, attributes and names, takes in the variables, and evaluates what
    /// connecting to the systems needs.
    pub fn load(files: Files, sources: SharedSources, given: &[Given], now: Timestamp) -> Result<Loaded, Rejected> {
        let inputs = Inputs::new(sources);
        for file in &files.0 {
            inputs.add(file.path.to_string(), file.text.as_bytes());
        }
        let (blocks, diagnostics) = parse(&files);
        let mut errors = Errors::default();
        if blocks.is_empty() && diagnostics.is_empty() {
            errors.push(Diagnostic {
                message: "there is nothing in the configuration".to_owned(),
                span: None,
                label: String::new(),
                related: Vec::new(),
                hint: Some("write blocks into *.hcl files; `tenure init` writes a small working example".to_owned()),
            });
        }
        let readable = diagnostics.is_empty();
        errors.extend(diagnostics);
        let mut program = Program::new(files, blocks, &mut errors);
        let values = variables::values(&mut program, given, &inputs, &mut errors);
        // A block that could not be read is missing, and whoever names it would be told so: the syntax comes first.
        if !readable || program.incomplete {
            let diagnostics = errors.finish().err().unwrap_or_default();
            return Err(Rejected { files: program.files, diagnostics });
        }
        let world = World::new(program, inputs, values, now);
        let run = Run::default();
        let settings = world.settings(&run, &mut errors);
        let (systems, rests) = world.evaluated_systems(&run, &mut errors);
        let sources = world.source_systems(&run).unwrap_or_default();
        errors.absorb(world.reported());
        let loaded = Loaded { world, settings, systems, sources, rests };
        if errors.is_empty() {
            return Ok(loaded);
        }
        // All that is wrong at once: what can be looked at without systems is, too.
        let files = loaded.world.program.files.clone();
        match loaded.check(&Facts::default(), errors) {
            Err(rejected) => Err(rejected),
            // There were errors, so this is not reached; were it, nothing good could be said either.
            Ok(()) => Err(Rejected { files, diagnostics: Vec::new() }),
        }
    }

    /// Sets the key of the HMACs that stand for secret inputs: it lies beside the state file, which the settings name.
    pub fn set_key(&mut self, key: &[u8]) {
        self.world.inputs.set_key(key);
    }

    /// The `settings` block.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Systems by name, with the settings to connect with.
    pub fn systems(&self) -> &BTreeMap<Symbol, System> {
        &self.systems
    }

    /// The systems that people come from: they must be read before [`Loaded::evaluate`].
    pub fn sources_of_people(&self) -> &[Symbol] {
        &self.sources
    }

    /// The files, and texts given for variables, that places point into.
    pub fn files(&self) -> &Files {
        &self.world.program.files
    }
}
