//! Traces of runs, for whoever collects them by OpenTelemetry: [`span`] is one step of a run, [`encode`] writes spans in the
//! protocol's JSON, [`export`] sends them in the background, [`answer`] reads what is answered, [`settings`] reads the
//! standard variables.
//!
//! Always there, and inert where no variable names a receiver: it is a few hundred lines over what webhooks have already, so
//! a cargo feature would make nothing lighter.

mod answer;
mod encode;
mod export;
mod settings;
mod span;

pub use span::{Said, Span, leaf, root, step};

use std::sync::{Mutex, OnceLock, PoisonError};

use self::export::Exporter;
use self::settings::{Parent, Settings};
use crate::render;

static TRACER: OnceLock<Tracer> = OnceLock::new();

/// Where spans go, and what they hang on.
struct Tracer {
    exporter: Mutex<Option<Exporter>>,
    parent: Option<Parent>,
}

/// Traces what follows, where the environment says where to. What is wrong with it is told, and nothing is traced.
pub fn start() {
    let settings = match Settings::read(|name| std::env::var(name).ok()) {
        Ok(Some(settings)) => settings,
        Ok(None) => return,
        Err(why) => return render::note(&format!("no traces are sent: {why}")),
    };
    let parent = settings.parent;
    match Exporter::start(settings) {
        Ok(exporter) => drop(TRACER.set(Tracer { exporter: Mutex::new(Some(exporter)), parent })),
        Err(why) => render::note(&format!("no traces are sent: {why}")),
    }
}

/// Sends what still waits, for a moment.
pub fn end() {
    if let Some(tracer) = TRACER.get() {
        drop(tracer.exporter.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}
