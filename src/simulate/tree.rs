//! The files of a simulated configuration, and what else it reads from outside.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::configuration::Sources;
use engine::language::{File, Files};

use crate::edge::Outside;

/// Files by path, with what lies under them where they do not say. Cheap to clone.
#[derive(Clone, Default)]
pub struct Tree {
    /// The configuration's own `*.hcl`.
    pub hcl: Arc<BTreeMap<String, Arc<str>>>,
    /// Other files that are another than on the disk, or are nowhere else.
    pub data: Arc<BTreeMap<String, Arc<[u8]>>>,
    /// The disk.
    pub under: Option<Arc<Outside>>,
}

impl Tree {
    /// The configuration's files, as the language reads them.
    pub fn files(&self) -> Files {
        Files(self.hcl.iter().map(|(path, text)| File { path: path.as_str().into(), text: Arc::clone(text) }).collect())
    }

    /// The text of a file of either kind.
    pub fn text(&self, path: &str) -> Result<String, String> {
        if let Some(text) = self.hcl.get(path) {
            return Ok(text.to_string());
        }
        String::from_utf8(self.read(path)?).map_err(|_| format!("{path} is not UTF-8"))
    }

    /// Another text for a file; one that the configuration is made of where there is such a one.
    pub fn write(&mut self, path: &str, text: &str) {
        if path.ends_with(".hcl") {
            Arc::make_mut(&mut self.hcl).insert(path.to_owned(), Arc::from(text));
        } else {
            Arc::make_mut(&mut self.data).insert(path.to_owned(), Arc::from(text.as_bytes()));
        }
    }
}

impl Sources for Tree {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        match (self.data.get(path), &self.under) {
            (Some(bytes), _) => Ok(bytes.to_vec()),
            (None, Some(under)) => under.read(path),
            (None, None) => Err(format!("there is no file {path}")),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        let mut paths = match &self.under {
            Some(under) => under.list(folder)?,
            None => Vec::new(),
        };
        let below = |path: &&String| folder.is_empty() || folder == "." || path.starts_with(&format!("{folder}/"));
        paths.extend(self.data.keys().filter(below).cloned());
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    /// Nothing that is secret is needed to talk to twins; what is written by a call must be something.
    fn environment(&self, name: &str) -> Result<Option<String>, String> {
        let known = match &self.under {
            Some(under) => under.environment(name)?,
            None => None,
        };
        Ok(Some(known.unwrap_or_else(|| format!("simulated {name}"))))
    }

    fn command(&self, arguments: &[String]) -> Result<String, String> {
        match &self.under {
            Some(under) => under.command(arguments),
            None => Err("no program runs in a simulation".to_owned()),
        }
    }
}
