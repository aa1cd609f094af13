//! Any bytes through decoding, parsing and evaluation.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use tenure_engine::language::parse::{decode, parse, parse_expression, parse_template};
use tenure_engine::language::{Failure, FileId, Files, Reference, Scope, Value, evaluate};
use tenure_state::{Address, Symbol};

/// A few roots, of each kind one.
struct Roots;

impl Scope for Roots {
    fn root(&self, name: &str) -> Option<Value> {
        match name {
            "m" => Some(Value::list(vec![Value::Null, Value::sensitive("s".into())])),
            "u" => Some(Value::unknown(vec![Address::System(Symbol::new("corp"))], false)),
            "p" => Some(Value::Reference(Reference::Path(Arc::from("p")))),
            _ => None,
        }
    }
    fn roots(&self) -> Vec<String> {
        ["m", "p", "u"].map(String::from).to_vec()
    }
    fn attribute(&self, _: &Reference, _: &str) -> Result<Value, Failure> {
        Ok(Value::Null)
    }
    fn index(&self, _: &Reference, key: &Value) -> Result<Value, Failure> {
        Ok(key.clone())
    }
    fn items(&self, _: &Reference) -> Result<Value, Failure> {
        Ok(Value::list(vec![Value::from(1)]))
    }
    fn call(&self, _: &str, _: &[Value]) -> Option<Result<Value, Failure>> {
        None
    }
    fn calls(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (file, wrong) = decode(FileId(0), Arc::from("fuzz.hcl"), bytes);
    let files = Files(vec![file]);
    if let Some(diagnostic) = wrong {
        assert!(diagnostic.span.is_some());
        return;
    }
    let (blocks, diagnostics) = parse(&files);
    for span in diagnostics.iter().filter_map(|diagnostic| diagnostic.span) {
        files.line_column(span);
    }
    for attribute in blocks.iter().flat_map(|block| &block.attributes) {
        let _ = evaluate(&attribute.value, &Roots);
        attribute.value.references();
    }
    for expr in [parse_expression(&files, FileId(0)), parse_template(&files, FileId(0))].into_iter().flatten() {
        let _ = evaluate(&expr, &Roots);
    }
});
