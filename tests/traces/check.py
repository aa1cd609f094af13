"""Reads requests of OTLP/HTTP with JSON, one a line, by OpenTelemetry's own messages, and prints their spans as a tree.

Whatever those messages do not know is an error. Ids are hexadecimal digits in OTLP, where protobuf's JSON has Base64.
"""

import base64
import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def ids(value):
    if isinstance(value, list):
        return [ids(one) for one in value]
    if not isinstance(value, dict):
        return value
    named = {}
    for key, one in value.items():
        if key in ("traceId", "spanId", "parentSpanId"):
            raw = bytes.fromhex(one)
            assert len(raw) == (16 if key == "traceId" else 8) and any(raw), (key, one)
            one = base64.b64encode(raw).decode()
        named[key] = ids(one)
    return named


def told(attributes):
    values = {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}
    assert len(values) == len(attributes), "a key twice"
    return "".join(f" {key}={value}" for key, value in sorted(values.items()))


spans = []
for line in sys.stdin:
    request = json_format.Parse(json.dumps(ids(json.loads(line))), ExportTraceServiceRequest(), ignore_unknown_fields=False)
    for resource in request.resource_spans:
        names = {one.key: one.value.string_value for one in resource.resource.attributes}
        assert names["service.name"], names
        for scope in resource.scope_spans:
            assert scope.scope.name == "tenure"
            spans += scope.spans
assert len({span.span_id for span in spans}) == len(spans), "an id twice"
known = {span.span_id: span for span in spans}
for span in spans:
    assert 10**18 < span.start_time_unix_nano <= span.end_time_unix_nano
    assert span.flags == 1 and span.kind in (span.SPAN_KIND_INTERNAL, span.SPAN_KIND_CLIENT)
    parent = known.get(span.parent_span_id)
    if parent is not None:
        assert parent.trace_id == span.trace_id
        assert parent.start_time_unix_nano <= span.start_time_unix_nano
        # Two clocks of one process: the beginning is by the time of day, the length is not.
        assert span.end_time_unix_nano <= parent.end_time_unix_nano + 5_000_000, (span, parent)


def show(span, depth):
    failed = " FAILED" if span.status.code == span.status.STATUS_CODE_ERROR else ""
    kind = "-> " if span.kind == span.SPAN_KIND_CLIENT else ""
    print("  " * depth + kind + span.name + failed + told(span.attributes))
    for event in span.events:
        assert span.start_time_unix_nano <= event.time_unix_nano <= span.end_time_unix_nano
        print("  " * (depth + 1) + "! " + event.name + told(event.attributes))
    for child in sorted(spans, key=lambda one: (one.start_time_unix_nano, told(one.attributes))):
        if child.parent_span_id == span.span_id:
            show(child, depth + 1)


for span in sorted(spans, key=lambda one: one.start_time_unix_nano):
    if span.parent_span_id not in known:
        of = f"{span.trace_id.hex()}-{span.parent_span_id.hex()}" if span.parent_span_id else "nothing"
        print(f"below {of}:")
        show(span, 1)
