#!/usr/bin/env python3
"""moto's server with its interpreter of the States Language on, which its server mode has no option for.

usage: moto_server.py PORT, with the Python of an environment that has `moto[server,stepfunctions]`
"""
import sys

from moto.core.config import default_user_config
from moto.server import main

default_user_config["stepfunctions"] = {"execute_state_machine": True}
main(["-p", sys.argv[1]])
