#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// One WebGPU compute pass and one render pass by Dawn, checked, as a report that gpu-report reads.
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { makeReport } from "./report.js";

const HERE = dirname(fileURLToPath(import.meta.url));
const VERSION = JSON.parse(readFileSync(join(HERE, "package.json"), "utf8")).version;
const SEEN_MAX = 64 * 1024;
const STATUS = { holds: 0, broken: 1, unknown: 2 };
const USAGE = `usage: gpu-dawn.js [OPTION]...

Lets Dawn compute and render off screen through WebGPU, compares every word and every pixel, and
prints a gpu-lane report as JSON, for gpu-report. Refuses software adapters.

options:
      --package FOLDER      the npm package webgpu (node_modules/webgpu beside this program)
      --allow-software      go on with a software adapter
  -o, --output FILE         write the report there (stdout)
      --timeout SECONDS     longest time for all of it (60)
  -h, --help                print this help
      --version             print the version

exit status: 0 holds, 1 broken, 2 unknown, 64 usage
`;

function refuse(message) {
  process.stderr.write(`gpu-dawn: ${message.split("\n")[0]} (see gpu-dawn.js --help)\n`);
  process.exit(64);
}

function readOptions() {
  let options;
  try {
    options = parseArgs({
      options: {
        package: { type: "string", default: join(HERE, "node_modules", "webgpu") },
        "allow-software": { type: "boolean", default: false },
        output: { type: "string", short: "o", default: "-" },
        timeout: { type: "string", default: "60" },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    refuse(error.message);
  }
  if (!/^[1-9][0-9]{0,3}$/.test(options.timeout)) {
    refuse(`--timeout wants a whole number in 1..9999, not "${options.timeout}"`);
  }
  return options;
}

// Runs work.js, whatever becomes of it; resolves to [seen, ended].
function work(options) {
  const child = spawn(
    process.execPath,
    [join(HERE, "work.js"), resolve(options.package), String(options["allow-software"])],
    // What drivers print is for people; the result has a descriptor of its own.
    { stdio: ["ignore", 2, 2, "pipe"] },
  );
  const timeout_s = Number(options.timeout);
  const ended = { status: null, signal: null, timeout: false, timeout_s };
  const timer = setTimeout(() => {
    ended.timeout = true;
    child.kill("SIGKILL");
  }, timeout_s * 1000);
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => {
      ended.interrupted = signal;
      child.kill("SIGKILL");
    });
  }
  let text = "";
  child.stdio[3].on("data", (bytes) => {
    text += bytes;
    if (text.length > SEEN_MAX) {
      child.kill("SIGKILL");
    }
  });
  return new Promise((done) => {
    child.on("error", () => done([{ stage: "start" }, ended]));
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      Object.assign(ended, { status, signal });
      done([readSeen(text), ended]);
    });
  });
}

// A process that a driver lives in may write anything, or nothing.
function readSeen(text) {
  try {
    const seen = JSON.parse(text);
    return typeof seen?.stage === "string" ? seen : { stage: "start" };
  } catch {
    return { stage: "start" };
  }
}

const options = readOptions();
if (options.help || options.version) {
  process.stdout.write(options.help ? USAGE : `gpu-dawn ${VERSION}\n`);
  process.exit(0);
}
const began = new Date();
const [seen, ended] = await work(options);
const report = makeReport(seen, ended, {
  version: VERSION,
  started: began.toISOString().replace(/\.\d+Z$/, "Z"),
  duration_ms: Date.now() - began.getTime(),
  node: process.version,
});
try {
  writeFileSync(
    options.output === "-" ? 1 : options.output,
    `${JSON.stringify(report, null, 2)}\n`,
  );
} catch (error) {
  process.stderr.write(`gpu-dawn: ${error.message}\n`);
  process.exit(2);
}
process.exit(STATUS[report.verdict]);
