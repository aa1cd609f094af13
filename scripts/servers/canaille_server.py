"""Runs Canaille's SCIM server on loopback, in memory: canaille_server.py PORT TOKEN.

TOKEN is registered as the access token of a client "tenure" (secret "tenure-secret"), which may also ask
/oauth/token for tokens of its own (client credentials).
"""

import datetime
import os
import sys
import uuid
import wsgiref.simple_server
from socketserver import ThreadingMixIn

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import JWKRegistry

port, token = int(sys.argv[1]), sys.argv[2]
key = JWKRegistry.generate_key("RSA", 2048)
key.ensure_kid()

app = create_app(
    env_file=None,
    config={
        "SECRET_KEY": uuid.uuid4().hex,
        "WTF_CSRF_ENABLED": False,
        "PREFERRED_URL_SCHEME": "http",
        "SERVER_NAME": f"localhost:{port}",
        "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False},
        "CANAILLE_OIDC": {"ACTIVE_JWKS": [key.as_dict(private=True)]},
        "CANAILLE_SCIM": {"ENABLE_SERVER": True},
    },
)

with app.app_context():
    client = models.Client(
        client_id="tenure",
        client_secret="tenure-secret",
        client_name="tenure",
        contacts=[],
        client_uri="http://localhost:1/",
        redirect_uris=["http://localhost:1/callback"],
        grant_types=["client_credentials"],
        response_types=["code"],
        scope=["openid"],
        token_endpoint_auth_method="client_secret_basic",
    )
    Backend.instance.save(client)
    client.audience = [client]
    Backend.instance.save(client)
    access = models.Token(
        token_id=str(uuid.uuid4()),
        access_token=token,
        client=client,
        subject=None,
        type="access_token",
        scope=["openid"],
        issue_date=datetime.datetime.now(datetime.timezone.utc),
        lifetime=10**7,
        audience=[client],
    )
    Backend.instance.save(access)


class Server(ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class Handler(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


wsgiref.simple_server.make_server("127.0.0.1", port, app, server_class=Server, handler_class=Handler).serve_forever()
