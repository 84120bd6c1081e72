# SPDX-License-Identifier: Apache-2.0
"""Opens a page in headless Chromium and prints what became of it as JSON: 550-browser.py URL.

{"text": what a person reads, "requests": [URL...], "console": [message...],
 "light": background colour, "dark": the same where a dark scheme is preferred}

Speaks the DevTools protocol over the pipe that --remote-debugging-pipe opens on descriptors 3 and 4.
"""
import fcntl
import json
import os
import signal
import sys
import tempfile
import time


class Browser:
    def __init__(self, profile):
        to_browser, self.output = os.pipe()
        self.input, from_browser = os.pipe()
        # Away from 3 and 4, so that putting one there does not close the other.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (to_browser, from_browser)]
        command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
                   "--disable-background-networking", f"--user-data-dir={profile}",
                   "--remote-debugging-pipe", "about:blank"]
        nothing = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)]
        self.pid = os.posix_spawnp(command[0], command, os.environ, file_actions=[
            *nothing, (os.POSIX_SPAWN_DUP2, ends[0], 3), (os.POSIX_SPAWN_DUP2, ends[1], 4)])
        for end in (to_browser, from_browser, *ends):
            os.close(end)
        self.buffer, self.number, self.session, self.events = b"", 0, None, []

    def receive(self):
        while b"\0" not in self.buffer:
            part = os.read(self.input, 1 << 16)
            if not part:
                raise EOFError("the browser ended")
            self.buffer += part
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.output, json.dumps(request).encode() + b"\0")
        while True:
            message = self.receive()
            if message.get("id") == self.number:
                return message["result"]
            self.events.append(message)

    def evaluate(self, expression):
        return self.call("Runtime.evaluate", expression=expression)["result"].get("value")

    def wait_for(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.receive())


def look(browser, url):
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.call("Target.attachToTarget", targetId=target,
                                   flatten=True)["sessionId"]
    for domain in ("Network", "Runtime", "Log", "Page"):
        browser.call(f"{domain}.enable")
    browser.call("Page.navigate", url=url)
    browser.wait_for("Page.loadEventFired")
    colors = {}
    for scheme in ("light", "dark"):
        browser.call("Emulation.setEmulatedMedia",
                     features=[{"name": "prefers-color-scheme", "value": scheme}])
        colors[scheme] = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    text = browser.evaluate("document.body.innerText")
    time.sleep(0.5)
    browser.call("Page.enable")
    named = {name: [event["params"] for event in browser.events if event.get("method") == name]
             for name in ("Network.requestWillBeSent", "Log.entryAdded", "Runtime.consoleAPICalled",
                          "Runtime.exceptionThrown")}
    return {"text": text, **colors,
            "requests": [event["request"]["url"] for event in named["Network.requestWillBeSent"]],
            "console": [event["entry"]["text"] for event in named["Log.entryAdded"]] +
                       [json.dumps(event) for name in ("Runtime.consoleAPICalled",
                                                       "Runtime.exceptionThrown")
                        for event in named[name]]}


with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
    chromium = Browser(folder)
    try:
        json.dump(look(chromium, sys.argv[1]), sys.stdout, indent=1)
    finally:
        os.kill(chromium.pid, signal.SIGTERM)
        os.waitpid(chromium.pid, 0)
