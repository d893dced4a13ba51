#!/usr/bin/env python3
"""A client of pgcluster-mcp in Python, with nothing beside Python itself.

  python3 docs/client.py TOOL ['{"argument": "value"}']

The server is `java -jar target/pgcluster-mcp.jar`, or the command in PGCLUSTER_MCP_COMMAND; it reads its configuration from
the environment as always.
"""
import json
import os
import shlex
import subprocess
import sys


class Server:
    """One server process. Each message is one line of JSON on its stdin, each answer one on its stdout."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        self.count = 0
        hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "client.py", "version": "1"}}
        self.ask("initialize", hello)
        self.tell({"method": "notifications/initialized"})

    def tell(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def ask(self, method, params):
        self.count += 1
        self.tell({"id": self.count, "method": method, "params": params})
        for line in self.process.stdout:  # what has no id of ours is a notification
            answer = json.loads(line)
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise RuntimeError(answer["error"]["message"])
                return answer["result"]
        raise RuntimeError("the server ended without an answer")

    def call_tool(self, name, arguments):
        return self.ask("tools/call", {"name": name, "arguments": arguments})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()  # the end of its input ends the server
        self.process.wait(timeout=10)


def main():
    command = shlex.split(os.environ.get("PGCLUSTER_MCP_COMMAND", "java -jar target/pgcluster-mcp.jar"))
    with Server(command) as server:
        result = server.call_tool(sys.argv[1], json.loads(sys.argv[2]) if len(sys.argv) > 2 else {})
        print("\n".join(part["text"] for part in result["content"] if part["type"] == "text"))
        return 1 if result.get("isError") else 0


if __name__ == "__main__":
    sys.exit(main())
