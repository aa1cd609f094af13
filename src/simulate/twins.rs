//! Twins in the place of the systems: a provider that leads to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use engine::configuration::System;
use providers::twin::{Manners, Shared, Twin};
use providers::{ConnectError, Provider, Reader, SettingSchema, Settings, Writer};
use state::{Capabilities, Observed, Schema, Symbol, Timestamp};

use crate::session::connect::Connection;

/// Twins by the names of their systems.
#[derive(Clone, Default)]
pub struct Twins(pub Arc<BTreeMap<Symbol, Shared>>);

impl Twins {
    /// A connection to the twin of each of `systems`.
    pub fn connections<'a>(&self, systems: impl Iterator<Item = &'a System>) -> Vec<Connection> {
        systems
            .map(|system| Connection {
                name: system.name,
                provider: Arc::new(self.clone()),
                settings: Settings { system: system.name.to_string(), ..Settings::default() },
                lacks: Vec::new(),
            })
            .collect()
    }

    fn find(&self, settings: &Settings) -> Result<&Shared, ConnectError> {
        self.0.get(&Symbol::new(&settings.system)).ok_or_else(|| ConnectError {
            message: format!("system.{} has no twin in this world", settings.system),
            hint: "a system cannot come to be while a simulation runs".to_owned(),
        })
    }
}

#[async_trait]
impl Provider for Twins {
    fn name(&self) -> &'static str {
        "twin"
    }

    fn settings(&self) -> &'static [SettingSchema] {
        &[]
    }

    fn open_settings(&self) -> bool {
        true
    }

    fn offline(&self, settings: &Settings) -> (Schema, Capabilities) {
        self.find(settings)
            .map(|shared| shared.with(|twin, _| (twin.schema().clone(), twin.capabilities().clone())))
            .unwrap_or_default()
    }

    async fn reader(&self, settings: Settings) -> Result<Box<dyn Reader>, ConnectError> {
        Ok(Box::new(self.find(&settings)?.reader()))
    }

    async fn writer(&self, settings: Settings) -> Result<Box<dyn Writer>, ConnectError> {
        Ok(Box::new(self.find(&settings)?.writer()))
    }
}

/// How the twin of a system is to be.
pub struct Likeness {
    pub schema: Schema,
    pub capabilities: Capabilities,
    pub manners: Manners,
    /// What it holds at the beginning.
    pub holds: Option<Observed>,
}

impl Likeness {
    /// A twin like this.
    pub fn twin(&self) -> Twin {
        let (schema, capabilities) = (self.schema.clone(), self.capabilities.clone());
        match &self.holds {
            Some(observed) => Twin::of(schema, capabilities, self.manners, observed),
            None => Twin::new(schema, capabilities, self.manners),
        }
    }

    /// What a system of `connection` is like as far as its provider tells without asking it, and empty.
    pub fn offline(connection: &Connection) -> Likeness {
        let (schema, capabilities) = connection.provider.offline(&connection.settings);
        let manners = connection.provider.manners(&connection.settings);
        Likeness { schema, capabilities, manners, holds: None }
    }
}

/// The present of a world, as its twins ask for it.
pub type Present = Arc<dyn Fn() -> Timestamp + Send + Sync>;
