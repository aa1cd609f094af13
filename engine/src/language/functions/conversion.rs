//! Functions that convert to a type.

use std::sync::Arc;

use super::super::Value;
use super::arguments::{Answer, any, wrong};
use super::unify::unify;

pub fn tobool(arguments: &[Value]) -> Answer {
    match any(arguments, 0) {
        Value::Null => Ok(Value::Null),
        value => value.to_bool().map(Value::Bool).map_err(|_| wrong(0, "true or false", value)),
    }
}

pub fn tonumber(arguments: &[Value]) -> Answer {
    match any(arguments, 0) {
        Value::Null => Ok(Value::Null),
        value => value.to_number().map(Value::Number).map_err(|_| wrong(0, "a number", value)),
    }
}

pub fn tostring(arguments: &[Value]) -> Answer {
    match any(arguments, 0) {
        Value::Null => Ok(Value::Null),
        value => value.to_text().map(Value::String).map_err(|_| wrong(0, "a string, number or bool", value)),
    }
}

pub fn tolist(arguments: &[Value]) -> Answer {
    match any(arguments, 0) {
        Value::Null => Ok(Value::Null),
        Value::Set(items) => Ok(Value::List(items.clone())),
        Value::List(items) => unify(items.to_vec()).map(Value::list),
        other => Err(wrong(0, "a list or set", other)),
    }
}

pub fn toset(arguments: &[Value]) -> Answer {
    match any(arguments, 0) {
        Value::Null => Ok(Value::Null),
        Value::Set(items) => Ok(Value::Set(items.clone())),
        Value::List(items) => unify(items.to_vec()).map(Value::set),
        other => Err(wrong(0, "a list or set", other)),
    }
}

pub fn tomap(arguments: &[Value]) -> Answer {
    match any(arguments, 0) {
        Value::Null => Ok(Value::Null),
        Value::Object(object) => {
            let values = unify(object.values().cloned().collect())?;
            Ok(Value::Object(Arc::new(object.keys().cloned().zip(values).collect())))
        }
        other => Err(wrong(0, "a map or object", other)),
    }
}
