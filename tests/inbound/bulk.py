"""A bulk request by scim2-client, which checks requests and answers against what the server says of itself.

    bulk.py URL TOKEN
"""

import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient

url, token = sys.argv[1:]
scim = SyncSCIMClient(Client(base_url=url, headers={"Authorization": f"Bearer {token}"}))
scim.discover()
core = "urn:ietf:params:scim:schemas:core:2.0:"
members = [{"value": "bulkId:ada"}]
answer = scim.bulk({
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
    "failOnErrors": 1,
    "Operations": [
        {"method": "POST", "path": "/Groups", "bulkId": "all",
         "data": {"schemas": [core + "Group"], "displayName": "All", "members": members}},
        {"method": "POST", "path": "/Users", "bulkId": "ada", "data": {"schemas": [core + "User"], "userName": "ada"}},
        {"method": "DELETE", "path": "/Users/none"},
        {"method": "POST", "path": "/Users", "bulkId": "bob", "data": {"schemas": [core + "User"], "userName": "bob"}},
    ],
})
for done in answer.operations:
    print(done.method.value, done.status, done.bulk_id, "made" if done.location and done.version else "not made")
