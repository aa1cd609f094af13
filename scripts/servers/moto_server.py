"""moto's S3 on loopback, until standard input ends: moto_server.py PORT"""

import os
import sys
import threading

from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer

# moto looks whether an object is there and then creates it: of several requests at once two may find nothing (seen on a
# loaded machine). S3 lets one through, and so does this.
one_at_a_time = threading.Lock()
put_object = S3Response.put_object


def put_object_alone(*arguments):
    with one_at_a_time:
        return put_object(*arguments)


S3Response.put_object = put_object_alone

server = ThreadedMotoServer(ip_address="127.0.0.1", port=int(sys.argv[1]), verbose=False)
server.start()
# Whoever started it holds the other end: it cannot be left behind.
sys.stdin.buffer.read()
os._exit(0)
