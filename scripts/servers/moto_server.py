"""moto's S3 on loopback, until standard input ends: moto_server.py PORT"""

import os
import sys

from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=int(sys.argv[1]), verbose=False)
server.start()
# Whoever started it holds the other end: it cannot be left behind.
sys.stdin.buffer.read()
os._exit(0)
