//! One type for several values, as Terraform finds it when it makes a list of them: `[1, "a"]` becomes `["1", "a"]`.
//!
//! References have no type that others convert to; where one takes part, nothing is converted.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::{Failure, Value};

/// Shapes that are told apart before they are compared; rows of one table have one shape.
const DISTINCT: usize = 16;

#[derive(Clone, Debug, PartialEq)]
enum Shape {
    /// Null, and the items of an empty list.
    Any,
    Bool,
    Number,
    String,
    /// A list as it is written: each item has its own shape.
    Tuple(Vec<Shape>),
    /// A list whose items have one shape.
    List(Box<Shape>),
    Set(Box<Shape>),
    Object(Vec<(Arc<str>, Shape)>),
    /// An object whose values have one shape.
    Map(Box<Shape>),
    /// A reference, or what is unknown or sensitive: left alone.
    Opaque,
}

/// The values, converted to one type.
pub fn unify(values: Vec<Value>) -> Result<Vec<Value>, Failure> {
    if same_primitive(&values) {
        return Ok(values);
    }
    let shape = one_shape(&values).ok_or_else(|| {
        let kinds: BTreeSet<&str> = values.iter().filter(|value| !value.is_null()).map(Value::type_name).collect();
        let kinds = kinds.into_iter().collect::<Vec<_>>().join(", ");
        Failure::new(format!("the items must be of one type, and these have no type in common ({kinds})"))
    })?;
    Ok(values.iter().map(|value| convert(value, &shape)).collect())
}

fn same_primitive(values: &[Value]) -> bool {
    values.iter().all(|value| matches!(value, Value::String(_) | Value::Null))
        || values.iter().all(|value| matches!(value, Value::Number(_) | Value::Null))
        || values.iter().all(|value| matches!(value, Value::Bool(_) | Value::Null))
}

fn one_shape(values: &[Value]) -> Option<Shape> {
    let mut shapes: Vec<Shape> = Vec::new();
    for value in values {
        let shape = shape_of(value);
        let known = if shapes.len() <= DISTINCT { shapes.contains(&shape) } else { shapes.last() == Some(&shape) };
        if !known {
            shapes.push(shape);
        }
    }
    common(&shapes.iter().collect::<Vec<_>>())
}

fn shape_of(value: &Value) -> Shape {
    match value {
        Value::Null => Shape::Any,
        Value::Bool(_) => Shape::Bool,
        Value::Number(_) => Shape::Number,
        Value::String(_) => Shape::String,
        Value::List(items) => Shape::Tuple(items.iter().map(shape_of).collect()),
        // The items of a set have one type already; what they have in common exists.
        Value::Set(items) => Shape::Set(Box::new(one_shape(items).unwrap_or(Shape::Opaque))),
        Value::Object(object) => {
            Shape::Object(object.iter().map(|(key, value)| (key.clone(), shape_of(value))).collect())
        }
        Value::Reference(_) | Value::Unknown(_) | Value::Sensitive(_) => Shape::Opaque,
    }
}

/// The shape that all of these convert to.
fn common(shapes: &[&Shape]) -> Option<Shape> {
    let shapes: Vec<&Shape> = shapes.iter().copied().filter(|shape| **shape != Shape::Any).collect();
    let Some(first) = shapes.first() else { return Some(Shape::Any) };
    if shapes.iter().all(|shape| shape == first) {
        return Some((*first).clone());
    }
    if shapes.contains(&&Shape::Opaque) {
        return Some(Shape::Opaque);
    }
    if shapes.iter().all(|shape| matches!(shape, Shape::Bool | Shape::Number | Shape::String)) {
        return shapes.contains(&&Shape::String).then_some(Shape::String);
    }
    if shapes.iter().all(|shape| matches!(shape, Shape::Object(_))) {
        return common_object(&shapes);
    }
    if shapes.iter().all(|shape| matches!(shape, Shape::Set(_))) {
        return Some(Shape::Set(Box::new(common(&items_of(&shapes)?)?)));
    }
    common_tuple(&shapes).or_else(|| Some(Shape::List(Box::new(common(&items_of(&shapes)?)?))))
}

/// Tuples of one length have something in common place by place.
fn common_tuple(shapes: &[&Shape]) -> Option<Shape> {
    let mut rows = Vec::new();
    for shape in shapes {
        match shape {
            Shape::Tuple(items) => rows.push(items),
            _ => return None,
        }
    }
    let length = rows.first()?.len();
    if rows.iter().any(|row| row.len() != length) {
        return None;
    }
    let place = |at: usize| common(&rows.iter().filter_map(|row| row.get(at)).collect::<Vec<_>>());
    (0..length).map(place).collect::<Option<_>>().map(Shape::Tuple)
}

/// Objects with the same names have something in common name by name; others become maps.
fn common_object(shapes: &[&Shape]) -> Option<Shape> {
    let rows: Vec<&Vec<(Arc<str>, Shape)>> = shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Object(pairs) => Some(pairs),
            _ => None,
        })
        .collect();
    let first = rows.first()?;
    let same_names = rows.iter().all(|row| row.len() == first.len() && row.iter().zip(*first).all(|(a, b)| a.0 == b.0));
    if same_names {
        let value = |(at, (name, _)): (usize, &(Arc<str>, Shape))| {
            let column: Vec<&Shape> = rows.iter().filter_map(|row| row.get(at)).map(|(_, shape)| shape).collect();
            Some((name.clone(), common(&column)?))
        };
        return first.iter().enumerate().map(value).collect::<Option<_>>().map(Shape::Object);
    }
    let values: Vec<&Shape> = rows.iter().flat_map(|row| row.iter().map(|(_, shape)| shape)).collect();
    Some(Shape::Map(Box::new(common(&values)?)))
}

/// The shapes of the items of lists and sets; none where something else is among them.
fn items_of<'a>(shapes: &[&'a Shape]) -> Option<Vec<&'a Shape>> {
    let mut items = Vec::new();
    for shape in shapes {
        match shape {
            Shape::Tuple(tuple) => items.extend(tuple),
            Shape::List(item) | Shape::Set(item) => items.push(item),
            _ => return None,
        }
    }
    Some(items)
}

fn convert(value: &Value, shape: &Shape) -> Value {
    match (value, shape) {
        (_, Shape::String) => value.to_text().map_or_else(|_| value.clone(), Value::String),
        (Value::List(items), Shape::Tuple(shapes)) => {
            Value::list(items.iter().zip(shapes).map(|(item, shape)| convert(item, shape)).collect())
        }
        (Value::List(items) | Value::Set(items), Shape::List(shape)) => {
            Value::list(items.iter().map(|item| convert(item, shape)).collect())
        }
        (Value::Set(items), Shape::Set(shape)) => Value::set(items.iter().map(|item| convert(item, shape)).collect()),
        (Value::Object(object), Shape::Object(shapes)) => Value::object(
            object.iter().zip(shapes).map(|((key, value), (_, shape))| (key.clone(), convert(value, shape))),
        ),
        (Value::Object(object), Shape::Map(shape)) => {
            Value::object(object.iter().map(|(key, value)| (key.clone(), convert(value, shape))))
        }
        _ => value.clone(),
    }
}
