// SPDX-License-Identifier: Apache-2.0
// usage: node work.js WEBGPU-PACKAGE true|false
//
// The part that a driver can crash or hang, in a process of its own: asks Dawn for an adapter, lets
// it compute and render off screen, compares every word and every pixel, and writes what it saw as
// one JSON object to descriptor 3. The last argument allows a software adapter.
import { writeSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const WORDS = 1 << 20;
const LOCAL = 256;
const SIDE = 64;
// Read back where nothing was written.
const POISON = 0xdeadbeef;
const SOFTWARE = /llvmpipe|lavapipe|softpipe|swiftshader|software|basic render/i;

const COMPUTE = `
@group(0) @binding(0) var<storage, read> words: array<u32>;
@group(0) @binding(1) var<storage, read_write> result: array<u32>;
var<workgroup> tile: array<u32, ${LOCAL}>;

@compute @workgroup_size(${LOCAL})
fn main(@builtin(global_invocation_id) global: vec3u, @builtin(local_invocation_index) local: u32) {
  tile[local] = words[global.x];
  workgroupBarrier();
  result[global.x] = tile[${LOCAL - 1}u - local] * 1664525u + global.x;
}`;

const RENDER = `
@vertex
fn corner(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
  return vec4f(f32(index & 1u) * 4.0 - 1.0, f32(index >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}
@fragment
fn colour(@builtin(position) at: vec4f) -> @location(0) vec4f {
  let x = floor(at.x);
  let y = floor(at.y);
  return vec4f(x * 4.0, y * 4.0, 255.0 - x - y, 255.0) / 255.0;
}`;

function describe({ info }) {
  const all = `${info.architecture} ${info.device} ${info.description}`;
  const adapter = { software: info.isFallbackAdapter === true || SOFTWARE.test(all) };
  for (const key of ["vendor", "architecture", "device", "description"]) {
    adapter[key] = String(info[key] ?? "").slice(0, 256);
  }
  return adapter;
}

const inputWord = (index) => Math.imul(index, 2654435761) >>> 0;
const outputWord = (index) =>
  (Math.imul(inputWord(index - (index % LOCAL) + LOCAL - 1 - (index % LOCAL)), 1664525) + index) >>>
  0;
// Bytes r, g, b, a from the lowest on.
const pixel = (index) => {
  const x = index % SIDE;
  const y = Math.floor(index / SIDE);
  return ((255 << 24) | ((255 - x - y) << 16) | ((y * 4) << 8) | (x * 4)) >>> 0;
};

// What of `words` is not as `expected` says: how many, and the first.
function compare(words, count, expected) {
  const found = { elements: count, mismatches: 0, first: null };
  for (let index = 0; index < count; index++) {
    if (words[index] !== expected(index)) {
      found.first ??= { element: index, expected: expected(index), observed: words[index] };
      found.mismatches++;
    }
  }
  return found;
}

async function readBack(device, encode, bytes) {
  const staging = device.createBuffer({
    size: bytes,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const encoder = device.createCommandEncoder();
  encode(encoder, staging);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const words = new Uint32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return words;
}

async function compute(device) {
  const bytes = WORDS * 4;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
  const input = device.createBuffer({ size: bytes, usage });
  const output = device.createBuffer({ size: bytes, usage });
  device.queue.writeBuffer(
    input,
    0,
    Uint32Array.from({ length: WORDS }, (_, index) => inputWord(index)),
  );
  device.queue.writeBuffer(output, 0, new Uint32Array(WORDS).fill(POISON));
  const module = device.createShaderModule({ code: COMPUTE });
  const pipeline = device.createComputePipeline({
    layout: "auto",
    compute: { module, entryPoint: "main" },
  });
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [input, output].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const words = await readBack(
    device,
    (encoder, staging) => {
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(WORDS / LOCAL);
      pass.end();
      encoder.copyBufferToBuffer(output, 0, staging, 0, bytes);
    },
    bytes,
  );
  return compare(words, WORDS, outputWord);
}

async function render(device) {
  const format = "rgba8unorm";
  const target = device.createTexture({
    size: [SIDE, SIDE],
    format,
    usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC,
  });
  const module = device.createShaderModule({ code: RENDER });
  const pipeline = device.createRenderPipeline({
    layout: "auto",
    vertex: { module, entryPoint: "corner" },
    fragment: { module, entryPoint: "colour", targets: [{ format }] },
    primitive: { topology: "triangle-list" },
  });
  const bytesPerRow = SIDE * 4;
  const words = await readBack(
    device,
    (encoder, staging) => {
      const pass = encoder.beginRenderPass({
        colorAttachments: [
          {
            view: target.createView(),
            loadOp: "clear",
            storeOp: "store",
            clearValue: [1, 0, 1, 0],
          },
        ],
      });
      pass.setPipeline(pipeline);
      pass.draw(3);
      pass.end();
      encoder.copyTextureToBuffer({ texture: target }, { buffer: staging, bytesPerRow }, [
        SIDE,
        SIDE,
      ]);
    },
    bytesPerRow * SIDE,
  );
  return compare(words, SIDE * SIDE, pixel);
}

// One step with Dawn's own errors, which it tells aside.
async function checked(device, step) {
  device.pushErrorScope("validation");
  device.pushErrorScope("out-of-memory");
  const result = await step(device);
  for (let scope = 0; scope < 2; scope++) {
    const error = await device.popErrorScope();
    if (error) {
      throw new Error(error.message);
    }
  }
  return result;
}

async function main(folder, allowSoftware, seen) {
  seen.stage = "package";
  const { version, main: entry } = createRequire(import.meta.url)(join(folder, "package.json"));
  const { create, globals } = await import(pathToFileURL(join(folder, entry ?? "index.js")).href);
  seen.webgpu = version;
  Object.assign(globalThis, globals);

  seen.stage = "adapter";
  const gpu = create(["backend=vulkan"]);
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    return;
  }
  seen.adapter = describe(adapter);
  if (seen.adapter.software && !allowSoftware) {
    return;
  }

  seen.stage = "device";
  const device = await adapter.requestDevice();
  const lost = device.lost.then((why) => {
    throw new Error(`the device was lost: ${why.message || why.reason}`);
  });
  for (const [stage, step] of [
    ["compute", compute],
    ["render", render],
  ]) {
    seen.stage = stage;
    seen[stage] = await Promise.race([checked(device, step), lost]);
  }
  seen.stage = "done";
}

const seen = { stage: "start" };
try {
  await main(process.argv[2], process.argv[3] === "true", seen);
} catch (error) {
  seen.error = String(error?.message ?? error).slice(0, 1024);
}
writeSync(3, JSON.stringify(seen));
// Dawn keeps threads of its own; their end is not worth waiting for.
process.exit(0);
