"""Signs security event tokens with PyJWT: a line of JSON in, a line with a token out.

    tokens.py FOLDER

Writes FOLDER/keys.json, the public keys `rsa`, `ec` and `ed` as a JSON Web Key Set; the key `stranger` is in none.
A line is {"claims": {...} or "payload": "...", "key": "rsa", "alg": "RS256", "head": {...}}.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

keys = {
    "rsa": rsa.generate_private_key(65537, 2048),
    "ec": ec.generate_private_key(ec.SECP256R1()),
    "ed": ed25519.Ed25519PrivateKey.generate(),
    "stranger": ec.generate_private_key(ec.SECP256R1()),
}
jwks = []
for name, kind in [("rsa", RSAAlgorithm), ("ec", ECAlgorithm), ("ed", OKPAlgorithm)]:
    jwk = kind.to_jwk(keys[name].public_key(), as_dict=True)
    jwks.append({**jwk, "kid": name, "use": "sig"})
stranger = ECAlgorithm.to_jwk(keys["stranger"].public_key(), as_dict=True)
folder = pathlib.Path(sys.argv[1])
(folder / "stranger.json").write_text(json.dumps({"keys": [{**stranger, "kid": "stranger"}]}))
(folder / "keys.json").write_text(json.dumps({"keys": jwks}))
print("ready", flush=True)


def encoded(part):
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def by_hand(head, payload, secret):
    """What no library would sign: HMAC with a public key for a secret."""
    signed = f"{encoded(json.dumps(head).encode())}.{encoded(payload)}"
    return f"{signed}.{encoded(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


for line in sys.stdin:
    wish = json.loads(line)
    payload = wish.get("payload", "").encode() or json.dumps(wish["claims"]).encode()
    name, alg = wish.get("key", "ec"), wish.get("alg", "ES256")
    head = {"typ": "secevent+jwt", "kid": name, **wish.get("head", {})}
    head = {name: value for name, value in head.items() if value is not None}
    if alg == "HS256":
        secret = keys[name].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        print(by_hand({**head, "alg": alg}, payload, secret), flush=True)
    else:
        key = None if alg == "none" else keys[name]
        print(jwt.api_jws.encode(payload, key, algorithm=alg, headers=head), flush=True)
