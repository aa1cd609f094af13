//! What the endpoint says of itself (RFC 7644 section 4).

use serde_json::{Value, json};

use super::query::{LARGEST, PAGE};
use super::schema::Kind;
use super::{bulk, endpoint};

/// `/ServiceProviderConfig`.
pub fn service(base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "documentationUri": "https://github.com/tenure-hcl/tenure/blob/main/docs/providers/scim-inbound.md",
        "patch": {"supported": true},
        "bulk": {"supported": true, "maxOperations": bulk::OPERATIONS, "maxPayloadSize": endpoint::LARGEST},
        "filter": {"supported": true, "maxResults": LARGEST},
        "changePassword": {"supported": false},
        "sort": {"supported": true},
        "etag": {"supported": true},
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": PAGE,
            "maxPageSize": LARGEST,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "The token that the system block names",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": {"resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig")},
    })
}

/// `/ResourceTypes`.
pub fn resource_types(base: &str) -> Vec<Value> {
    Kind::ALL
        .iter()
        .map(|kind| {
            let schema = kind.schema();
            let extensions: Vec<Value> =
                schema.extensions.iter().map(|(urn, _)| json!({"schema": urn, "required": false})).collect();
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
                "id": kind.name(),
                "name": kind.name(),
                "endpoint": format!("/{}", kind.segment()),
                "description": match kind {
                    Kind::User => "People",
                    Kind::Group => "Groups of people",
                },
                "schema": schema.core,
                "schemaExtensions": extensions,
                "meta": {"resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{}", kind.name())},
            })
        })
        .collect()
}
