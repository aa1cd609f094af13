//! The JSON of OTLP 1 (`ExportTraceServiceRequest`): ids as hexadecimal digits, 64-bit numbers as text.

use serde_json::{Value, json};

use super::span::{Attributes, Ended, Said};

/// Of `SPAN_KIND_*`.
const INTERNAL: u8 = 1;
const CLIENT: u8 = 3;
/// Of `STATUS_CODE_*`.
const ERROR: u8 = 2;
/// `TRACE_FLAGS`: sampled.
const SAMPLED: u8 = 1;

/// A request with these spans.
pub fn request(resource: &[(String, String)], spans: &[Ended]) -> Value {
    let own = resource.iter().map(|(key, value)| json!({"key": key, "value": {"stringValue": value}}));
    json!({"resourceSpans": [{
        "resource": {"attributes": own.collect::<Vec<_>>()},
        "scopeSpans": [{
            "scope": {"name": "tenure", "version": env!("CARGO_PKG_VERSION")},
            "spans": spans.iter().map(span).collect::<Vec<_>>(),
        }],
    }]})
}

fn span(span: &Ended) -> Value {
    let events = span
        .events
        .iter()
        .map(|(at, name, said)| json!({"timeUnixNano": at.to_string(), "name": name, "attributes": attributes(said)}));
    let mut encoded = json!({
        "traceId": hex(&span.trace),
        "spanId": hex(&span.id),
        "flags": SAMPLED,
        "name": span.name,
        "kind": if span.call { CLIENT } else { INTERNAL },
        "startTimeUnixNano": span.began.to_string(),
        "endTimeUnixNano": span.ended.to_string(),
        "attributes": attributes(&span.attributes),
        "events": events.collect::<Vec<_>>(),
        "status": if span.failed { json!({"code": ERROR}) } else { json!({}) },
    });
    if let (Some(parent), Value::Object(fields)) = (span.parent, &mut encoded) {
        fields.insert("parentSpanId".to_owned(), hex(&parent).into());
    }
    encoded
}

fn attributes(said: &Attributes) -> Vec<Value> {
    let value = |said: &Said| match said {
        Said::Text(text) => json!({"stringValue": text}),
        Said::Number(number) => json!({"intValue": number.to_string()}),
    };
    said.iter().map(|(key, said)| json!({"key": key, "value": value(said)})).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
