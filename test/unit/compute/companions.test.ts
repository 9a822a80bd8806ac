import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CompanionError, Companions } from '../../../src/compute/companions';
import { Folder } from '../folder';
import { dist } from '../product';

const folder = new Folder();

/** A program that answers by a function of the message. */
function program(name: string, answer: string): Promise<string> {
  return folder.write(
    `${name}.cjs`,
    `process.on('disconnect', () => process.exit());
     process.on('message', (message) => process.send((${answer})(message)));`,
  );
}

describe('Companions', () => {
  let echo: string;
  beforeAll(async () => {
    echo = await program('echo', '({ value }) => ({ ok: [value, process.pid] })');
  });

  it('are processes of their own, which answer in order', async () => {
    const companions = new Companions(echo, 2);
    const asked = Array.from({ length: 6 }, (_, i) => companions.ask(i % 2, { value: i }));
    const answers = (await Promise.all(asked)) as [number, number][];
    expect(answers.map(([value]) => value)).toEqual([0, 1, 2, 3, 4, 5]);
    const processes = new Set(answers.map(([, pid]) => pid));
    expect(processes.size).toBe(2);
    expect(processes.has(process.pid)).toBe(false);
  });

  it('can be started before anything is asked', async () => {
    // Each says when it was started.
    const path = await program('clock', '() => ({ ok: Date.now() - 1000 * process.uptime() })');
    const companions = new Companions(path, 2);
    companions.prepare();
    companions.prepare();
    const asked = Date.now() + 1500;
    while (Date.now() < asked) await new Promise((resolve) => setTimeout(resolve, 50));
    const begun = (await Promise.all([companions.ask(0, {}), companions.ask(1, {})])) as number[];
    expect(Math.max(...begun)).toBeLessThan(asked);
  });

  it('are sent arrays as they are', async () => {
    const path = await program('sum', '({ values }) => ({ ok: values.map((value) => 2 * value) })');
    const answer = await new Companions(path, 1).ask(0, { values: Float64Array.of(1, 2.5) });
    expect(answer).toEqual(Float64Array.of(2, 5));
  });

  it('say what went wrong, and can be asked again', async () => {
    const path = await program('picky', '({ value }) => value ? { ok: value } : { error: "nothing there" }');
    const companions = new Companions(path, 1);
    await expect(companions.ask(0, { value: 0 })).rejects.toThrow(new CompanionError('nothing there'));
    expect(await companions.ask(0, { value: 7 })).toBe(7);
  });

  it('leave nothing pending when they end', async () => {
    const path = await program('mortal', '({ value }) => process.exit(value)');
    const companions = new Companions(path, 1);
    const asked = [companions.ask(0, { value: 3 }), companions.ask(0, { value: 4 })];
    for (const answer of asked) await expect(answer).rejects.toThrow(CompanionError);
    await expect(companions.ask(0, { value: 5 })).rejects.toThrow('exit code 3');
  });

  it('fail where there is no program', async () => {
    const companions = new Companions(folder.join('nothing.cjs'), 1);
    await expect(companions.ask(0, {})).rejects.toThrow(CompanionError);
  });
});

describe('the companion', () => {
  it('has no bounds of the symbols of a kernel that it does not hold', async () => {
    const companions = new Companions(join(dist, 'companion.js'), 1);
    const request = { kernel: 7, frequencies: [[0]], thresholds: [1] };
    expect(await companions.ask(0, request)).toBeNull();
  });
});
