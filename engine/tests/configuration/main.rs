//! The configuration: HCL in, what it says out.

mod support;

mod kubernetes;
mod people;
mod startup;
