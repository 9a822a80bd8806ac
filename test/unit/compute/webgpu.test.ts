/**
 * The WebGPU provider on a Vulkan driver that needs no GPU: the one that Debian's chromium brings. `prepare.mjs
 * --with-system-packages` installs it where there is apt, and there these tests do not pass without it.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LayerReport, Report } from '../../../src/report/report';
import { run, type Ended } from '../cli/command-line';
import { Folder } from '../folder';
import { dist, root } from '../product';
import { f32, safetensors } from '../safetensors-builder';
import { goldenConvolutions } from '../truth/golden';
import { gaussian, seeded } from '../truth/random';

const driver = '/usr/lib/chromium/vk_swiftshader_icd.json';
const hasApt = (process.env.PATH ?? '').split(delimiter).some((path) => existsSync(join(path, 'apt-get')));
const golden = join(root, 'test/fixtures/golden/golden_zoo.onnx');
const folder = new Folder();

/** The command line with a Vulkan driver and no other. */
function runWith(icd: string, args: readonly string[]): Promise<Ended> {
  const env = { XDG_RUNTIME_DIR: folder.path, VK_DRIVER_FILES: icd, VK_ICD_FILENAMES: icd };
  return run(dist, args, { env });
}

async function reportOf(device: 'cpu' | 'webgpu', path: string, ...options: string[]): Promise<Report> {
  const args = ['analyze', path, '--device', device, '--format', 'json', ...options];
  const { code, stdout, stderr } = await runWith(driver, args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const report = JSON.parse(stdout) as Report;
  expect(report.device).toMatchObject({ provider: device, fallback: null });
  // What a device gave up on is computed on the CPU, and says so.
  for (const { name, notes } of report.layers)
    expect(notes.join(), name).not.toContain('computed on the CPU');
  return report;
}

function intervalOf(row: LayerReport | undefined): { lower: number; upper: number } {
  if (!row?.lipschitz) throw new Error(`${row?.name} has no interval`);
  return row.lipschitz;
}

function expectClose(actual: number, expected: number, name: string): void {
  expect(Math.abs(actual - expected), name).toBeLessThanOrEqual(1e-4 * Math.abs(expected));
}

function expectAlike(one: Report, two: Report): void {
  expect(one.layers.map(({ name }) => name)).toEqual(two.layers.map(({ name }) => name));
  for (const [at, row] of one.layers.entries()) {
    const [a, b] = [intervalOf(row), intervalOf(two.layers[at])];
    expectClose(a.lower, b.lower, row.name);
    expectClose(a.upper, b.upper, row.name);
    expectClose(row.stableRank?.value ?? NaN, two.layers[at].stableRank?.value ?? NaN, row.name);
  }
}

describe.skipIf(!existsSync(driver) && !hasApt)('WebGPU without a GPU', () => {
  beforeAll(() => {
    if (!existsSync(driver)) {
      throw new Error(`there is no ${driver}: run "node prepare.mjs --with-system-packages"`);
    }
  });

  it('passes the self-check', async () => {
    const { code, stdout } = await runWith(driver, ['devices']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^webgpu {2,}passed {2,}\S/m);
  });

  it('encloses the golden layers for any input size as the CPU does', async () => {
    const options = [golden, '--input-size', 'any'] as const;
    const report = await reportOf('webgpu', ...options);
    expect(report.layers).toHaveLength(34);
    expectAlike(report, await reportOf('cpu', ...options));
    for (const { name, sigmaAnySize } of goldenConvolutions()) {
      const { lower, upper } = intervalOf(report.layers.find((row) => row.name === name));
      expect(lower, name).toBeLessThanOrEqual(sigmaAnySize * (1 + 1e-9));
      expect(upper, name).toBeGreaterThanOrEqual(sigmaAnySize * (1 - 1e-9));
    }
  });

  it('answers what the CPU does by Gram iteration', async () => {
    const options = [golden, '--method', 'gram', '--input-size', 'any', '--layers', 'golden_2*'] as const;
    const report = await reportOf('webgpu', ...options, '--iterations', '3');
    expect(report.layers).toHaveLength(10);
    expectAlike(report, await reportOf('cpu', ...options, '--iterations', '3'));
  });

  it('encloses a matrix large enough to be multiplied there', async () => {
    // Beyond this order the products are plain float32 ones, the fewest operations that are left to a device at all.
    const order = 1025;
    const random = seeded(1);
    const values = Float32Array.from({ length: order ** 2 }, () => gaussian(random));
    const path = await folder.write(
      'large.safetensors',
      safetensors({ 'large.weight': f32([order, order], values) }),
    );
    const [row] = (await reportOf('webgpu', path)).layers;
    const { lower, upper } = intervalOf(row);
    const [exact] = (await reportOf('cpu', path)).layers;
    const truth = intervalOf(exact);
    // Wider by what the rounding of float32 may have been: the device was used.
    expect(upper - lower).toBeGreaterThan(100 * (truth.upper - truth.lower));
    expect(lower).toBeLessThanOrEqual(truth.lower);
    expect(upper).toBeGreaterThanOrEqual(truth.upper);
    expect(upper).toBeLessThanOrEqual(1.01 * lower);
    expectClose((lower + upper) / 2, truth.upper, row.name);
  });
});

it('without a driver, the CPU computes and the report says why', async () => {
  const nowhere = folder.join('no-driver.json');
  const { code, stdout } = await runWith(nowhere, [
    ...['analyze', golden, '--device', 'webgpu', '--format', 'json', '--layers', 'golden_01_*'],
  ]);
  const report = JSON.parse(stdout) as Report;
  expect(code).toBe(0);
  // Where Vulkan is not what WebGPU is made of, another device may be there all the same.
  if (process.platform === 'linux') {
    expect(report.device.provider).toBe('cpu');
    expect(report.device.fallback).toMatch(/^webgpu: \S.*\S$/);
  }
  expect(intervalOf(report.layers[0]).upper).toBeGreaterThan(2.5);
});
