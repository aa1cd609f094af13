//! A step of a run, from its beginning until it is dropped.

use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::TRACER;
use crate::Exit;

/// What is under way, outermost first: what begins belongs to the last of them. One run goes on at a time in a process.
static WITHIN: Mutex<Vec<([u8; 16], [u8; 8])>> = Mutex::new(Vec::new());

/// Says something of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Text(String),
    Number(u64),
}

impl From<String> for Said {
    fn from(text: String) -> Said {
        Said::Text(text)
    }
}

impl From<&str> for Said {
    fn from(text: &str) -> Said {
        Said::Text(text.to_owned())
    }
}

impl From<usize> for Said {
    fn from(number: usize) -> Said {
        Said::Number(number as u64)
    }
}

pub type Attributes = Vec<(String, Said)>;

/// A span that has ended, as it is sent. Times are nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub trace: [u8; 16],
    pub id: [u8; 8],
    pub parent: Option<[u8; 8]>,
    pub name: &'static str,
    /// Whether it is a call to somebody else.
    pub call: bool,
    pub began: u64,
    pub ended: u64,
    pub attributes: Attributes,
    pub events: Vec<(u64, &'static str, Attributes)>,
    pub failed: bool,
}

/// A step that is under way; inert where nothing is traced.
#[derive(Default)]
pub struct Span(Option<Box<(Ended, Instant)>>);

/// A whole run. It belongs to what `TRACEPARENT` names.
pub fn root(name: &'static str) -> Span {
    let Some(tracer) = TRACER.get() else { return Span::default() };
    let (trace, parent) = match tracer.parent {
        Some(parent) => (parent.trace, Some(parent.span)),
        None => (random(), None),
    };
    within(Span::new(trace, parent, name, false))
}

/// A step of the run that is under way; what begins until it ends belongs to it.
pub fn step(name: &'static str) -> Span {
    within(begun(name, false))
}

/// One call of several that go on beside each other.
pub fn leaf(name: &'static str) -> Span {
    begun(name, true)
}

fn begun(name: &'static str, call: bool) -> Span {
    if TRACER.get().is_none() {
        return Span::default();
    }
    let last = WITHIN.lock().unwrap_or_else(PoisonError::into_inner).last().copied();
    last.map_or_else(Span::default, |(trace, parent)| Span::new(trace, Some(parent), name, call))
}

fn within(span: Span) -> Span {
    if let Some(open) = &span.0 {
        WITHIN.lock().unwrap_or_else(PoisonError::into_inner).push((open.0.trace, open.0.id));
    }
    span
}

impl Span {
    fn new(trace: [u8; 16], parent: Option<[u8; 8]>, name: &'static str, call: bool) -> Span {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let began = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        let (attributes, events, failed) = (Vec::new(), Vec::new(), false);
        let id = random();
        let ended = Ended { trace, id, parent, name, call, began, ended: began, attributes, events, failed };
        Span(Some(Box::new((ended, Instant::now()))))
    }

    /// Says something of it; `value` is asked for where somebody wants to know.
    pub fn say<S: Into<Said>>(&mut self, key: &str, value: impl FnOnce() -> S) {
        if let Some(open) = &mut self.0 {
            open.0.attributes.push((key.to_owned(), value().into()));
        }
    }

    /// Something that happened meanwhile.
    pub fn event(&mut self, name: &'static str, attributes: impl FnOnce() -> Attributes) {
        if let Some(open) = &mut self.0 {
            let at = open.0.began.saturating_add(elapsed(open.1));
            open.0.events.push((at, name, attributes()));
        }
    }

    /// It went wrong.
    pub fn fail(&mut self) {
        if let Some(open) = &mut self.0 {
            open.0.failed = true;
        }
    }

    /// How the run ended.
    pub fn exit<E>(&mut self, exit: &Result<Exit, E>) {
        let failed = exit.as_ref().map_or(true, |exit| *exit == Exit::Failed);
        if failed {
            self.fail();
        }
        self.say("process.exit.code", || usize::from(exit.as_ref().map_or(1, |exit| exit.code())));
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        let Some(open) = self.0.take() else { return };
        let (mut span, since) = *open;
        span.ended = span.began.saturating_add(elapsed(since));
        WITHIN.lock().unwrap_or_else(PoisonError::into_inner).retain(|(_, id)| *id != span.id);
        if let Some(tracer) = TRACER.get()
            && let Some(exporter) = &*tracer.exporter.lock().unwrap_or_else(PoisonError::into_inner)
        {
            exporter.hand_over(span);
        }
    }
}

fn elapsed(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// An id. Without random numbers it is nought, which receivers refuse: nothing else suffers.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let _ = getrandom::fill(&mut bytes);
    bytes
}
