"""scim2-server that keeps its resources in a file, so that it can be killed and started again:

    scim2_server_kept.py FILE --hostname 127.0.0.1 --port PORT --bearer-token TOKEN

The file (JSON) is written before each write is answered; what follows FILE is scim2-server's own.
"""

import itertools
import json
import os
import sys

from scim2_server.memory import InMemoryStorage
from scim2_server.testserver import cli

path = sys.argv.pop(1)


class KeptStorage(InMemoryStorage):
    def take_up(self, provider):
        if not os.path.exists(path):
            return
        with open(path, encoding="utf-8") as file:
            kept = json.load(file)
        models = {kind.name: provider.model_for(kind) for kind in provider.resource_types}
        self.resources = [models[one["meta"]["resourceType"]].model_validate(one) for one in kept]
        versions = [int(one["meta"]["version"].strip('W/"')) for one in kept]
        self.versions = itertools.count(max(versions, default=0) + 1)

    def keep(self):
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump([one.model_dump() for one in self.resources], file)
        os.replace(path + ".new", path)

    def create(self, *arguments, **named):
        with self.lock:
            created = super().create(*arguments, **named)
            self.keep()
            return created

    def update(self, *arguments, **named):
        with self.lock:
            updated = super().update(*arguments, **named)
            self.keep()
            return updated

    def delete(self, *arguments, **named):
        with self.lock:
            super().delete(*arguments, **named)
            self.keep()


class Application(cli.BearerTokenApplication):
    def __init__(self, storage, provider, *arguments, **named):
        storage.take_up(provider)
        super().__init__(storage, provider, *arguments, **named)


cli.InMemoryStorage = KeptStorage
cli.BearerTokenApplication = Application
cli.main()
