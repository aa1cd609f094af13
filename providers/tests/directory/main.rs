//! The directory on disk: what stands in its files, what crashes and hand edits do to it.

mod files;
mod helper;
