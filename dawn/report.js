// SPDX-License-Identifier: Apache-2.0
// What work.js saw, as a gpu-lane-report/v1: no level is claimed that was not shown.

// As the one table of faults has them: tests/e2e/780-dawn.sh holds the two together.
export const FAULTS = {
  CANARY_INTERRUPTED: [
    "The run was interrupted",
    "Run it again; give the job more time if it was cut off.",
  ],
  DAWN_CRASHED: [
    "Dawn crashed",
    "Update or replace the Vulkan driver; gpu-probe names the one that crashes.",
  ],
  DAWN_FAILED: [
    "Dawn could not do the work",
    "Act on the message; gpu-probe says whether Vulkan itself answers.",
  ],
  DAWN_MISSING: [
    "The npm package webgpu is not there",
    "Install it with npm ci beside gpu-dawn.js, or name its folder with --package.",
  ],
  DAWN_NO_ADAPTER: [
    "Dawn finds no adapter",
    "Follow gpu-probe's ladder to the missing GPU; a driver that gpu-probe sees may be older " +
      "than Dawn asks for: use Mesa 25 or newer.",
  ],
  DAWN_TIMEOUT: [
    "Dawn hangs",
    "Look for a ring timeout in the host's kernel log; reboot the host when the GPU is wedged.",
  ],
  DEVICE_SOFTWARE_ONLY: [
    "Only a software renderer answers",
    "Follow the other findings down the ladder to the missing GPU. To test the tools themselves " +
      "on the CPU, allow it: --allow-software or --floor software.",
  ],
  WRONG_RESULT: [
    "The GPU computed a wrong result",
    "Believe nothing this device computes: cordon the node. Run again; a different word each " +
      "time points to hardware, the same one to the driver.",
  ],
};

const STEPS = [
  ["compute", "words", "Dawn, WebGPU: every word of a compute pass is right"],
  ["render", "pixels", "Dawn, WebGPU: every pixel of a pass rendered off screen is right"],
];

// The finding that explains why the work stopped, or null.
function explain(seen, ended) {
  const message = (seen.error ?? `it stopped at ${seen.stage}`).split("\n")[0];
  if (ended.interrupted) {
    return ["CANARY_INTERRUPTED", `${ended.interrupted} ended it`];
  }
  if (ended.timeout) {
    return ["DAWN_TIMEOUT", `it was killed after ${ended.timeout_s} s, at ${seen.stage}`];
  }
  if (ended.signal) {
    return ["DAWN_CRASHED", `the process with the driver died of ${ended.signal}`];
  }
  if (seen.stage === "start" || seen.stage === "package") {
    return seen.error
      ? ["DAWN_MISSING", message]
      : ["DAWN_CRASHED", `it ended with ${ended.status}`];
  }
  if (seen.stage === "adapter" && !seen.error) {
    return seen.adapter
      ? [
          "DEVICE_SOFTWARE_ONLY",
          `the adapter is ${seen.adapter.description || seen.adapter.device}`,
        ]
      : ["DAWN_NO_ADAPTER", "requestAdapter answers null"];
  }
  return seen.stage === "done" ? null : ["DAWN_FAILED", `${seen.stage}: ${message}`];
}

function finding([code, message], evidence = {}) {
  const [title, remedy] = FAULTS[code];
  // What was not shown is unknown; what was shown to be wrong is broken.
  const level = code === "WRONG_RESULT" ? "failure" : "warning";
  return { code, level, title, message, evidence, remedy, where: null };
}

function check(seen, [step, things]) {
  const result = seen[step];
  const wrong = result && (result.mismatches > 0 || result.elements === 0);
  return {
    id: `dawn.${step}`,
    state: !result ? "unknown" : wrong ? "broken" : "held",
    title: `a ${step} pass of Dawn is right`,
    expected: result ? `all ${result.elements} ${things}` : null,
    observed: !result ? null : wrong ? `${result.mismatches} are wrong` : "all right",
    why: "a device that is listed may compute nothing, or something else",
    where: null,
  };
}

// A finding that a broken check comes with, and the first wrong word.
function wrongResults(seen) {
  return STEPS.filter(([step]) => seen[step]?.mismatches > 0).map(([step, things]) => {
    const { first, mismatches, elements } = seen[step];
    return finding(
      ["WRONG_RESULT", `${step}: ${mismatches} of ${elements} ${things} are wrong`],
      first ?? {},
    );
  });
}

function ladder(seen) {
  const rung = (name, stages, detail) => {
    const order = ["start", "package", "adapter", "device", "compute", "render", "done"];
    const passed = order.indexOf(seen.stage) > order.indexOf(stages);
    return {
      rung: name,
      state: passed ? "held" : detail ? "broken" : "skipped",
      detail: detail ?? "not reached",
    };
  };
  return [
    rung("webgpu package", "package", seen.webgpu ? `webgpu ${seen.webgpu}` : "cannot be loaded"),
    rung(
      "adapter",
      "adapter",
      seen.adapter
        ? `${seen.adapter.vendor} ${seen.adapter.architecture} ${seen.adapter.description}`.trim()
        : seen.webgpu && "none",
    ),
  ];
}

function describe(adapter) {
  return adapter
    ? {
        name: adapter.description || adapter.device || "unnamed",
        type: adapter.software ? "CPU" : "OTHER",
        driver: "dawn",
        driver_info: `${adapter.vendor} ${adapter.architecture}`.trim() || null,
        vendor_id: null,
        device_id: adapter.device || null,
        uuid: null,
        pci: null,
        drm: null,
        software: adapter.software,
        memory_bytes: null,
        api_version: null,
      }
    : null;
}

// seen: what work.js wrote. ended, of its process: {status, signal, timeout, timeout_s,
// interrupted}. run: {version, started, duration_ms, node}.
export function makeReport(seen, ended, run) {
  const expectations = STEPS.map((step) => check(seen, step));
  const why = explain(seen, ended);
  const findings = [...wrongResults(seen), ...(why ? [finding(why)] : [])];
  const count = (state) => expectations.filter((expectation) => expectation.state === state).length;
  const broken = count("broken") > 0 || findings.some(({ code }) => code === "WRONG_RESULT");
  const holds = !broken && count("held") === STEPS.length && findings.length === 0;
  const shown = (index) => holds && expectations[index].state === "held";
  const software = seen.adapter?.software;
  return {
    schema: "gpu-lane-report/v1",
    tool: "gpu-dawn",
    version: run.version,
    started: run.started,
    duration_ms: run.duration_ms,
    verdict: broken ? "broken" : holds ? "holds" : "unknown",
    remark: software ? "software device: proves the toolchain, not a GPU" : null,
    replayed: null,
    floor: null,
    host: { node: run.node, webgpu: seen.webgpu ?? null },
    device: describe(seen.adapter),
    checks: { held: count("held"), broken: count("broken"), unknown: count("unknown"), skipped: 0 },
    findings,
    ladder: ladder(seen),
    expectations,
    claims: {
      proves: STEPS.filter((_, index) => shown(index)).map(([, , claim]) => claim),
      does_not_prove: [
        ...(software ? ["a GPU: the adapter was a software renderer"] : []),
        ...STEPS.filter((_, index) => !shown(index)).map(([, , claim]) => claim),
        "a browser: no page and no compositor ran",
        "any speed",
        "leased compute: Dawn goes around the bridge",
        "the floor of the lane: gpu-probe holds it",
      ],
    },
  };
}
