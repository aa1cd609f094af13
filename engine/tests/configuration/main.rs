//! The configuration: HCL in, what it says out.

mod support;

mod access;
mod accounts;
mod blocks;
mod kubernetes;
mod people;
mod startup;
mod values;
