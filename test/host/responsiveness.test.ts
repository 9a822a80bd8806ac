/** The extension host stays free for other extensions: it loads no ONNX Runtime, and nothing holds it up for long. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { COMMANDS } from '../../src/editor/ids';
import { modelBytes, node, tensor, value } from '../unit/onnx-builder';
import { f32, safetensors } from '../unit/safetensors-builder';
import { MARK } from './launches';
import { activate, analyze, closeAll, sample, sessionOf } from './extension';

/** Only a real block takes so long on a loaded machine, milliseconds. The aim is 50, and the longest is printed. */
const LIMIT = 2000;

/** Nodes of the largest graphs that people export. */
const MANY_NODES = 10_000;
/** Nodes and tensors without a row, more than any model in use has. */
const MANY_SKIPPED = 50_000;

/** Turns of the event loop, the longest first, milliseconds. */
interface Turn {
  readonly elapsed: number;
  /** Of it on a processor, without what other programs took; null where the system does not tell. */
  readonly busy: number | null;
}

describe('the extension host', () => {
  before(async () => {
    await activate();
    await vscode.commands.executeCommand(COMMANDS.clearCache);
  });
  afterEach(closeAll);

  for (const name of ['detector.onnx', 'many.safetensors']) {
    it(`is not held up by the analysis of ${name}`, async () => {
      await isNotHeldUp(`the analysis of ${name}`, () => analyze(sample(name)));
    });
  }

  it('is not held up by a network of many nodes', async () => {
    const uri = sample('deep.onnx');
    const nodes = Array.from({ length: MANY_NODES }, (_, i) =>
      i === 0 ? node('MatMul', ['x0', 'w'], ['x1']) : node('Relu', [`x${i}`], [`x${i + 1}`]),
    );
    const bytes = modelBytes({
      node: nodes,
      initializer: [tensor('w', [4, 4], [1, 2, 3, 5, 7])],
      input: [value('x0', [1, 4])],
      output: [value(`x${MANY_NODES}`, [1, 4])],
    });
    await writeFile(uri.fsPath, bytes);
    await isNotHeldUp('the analysis of a deep network', async () => {
      const { network } = await analyze(uri);
      assert.equal(network?.coverage.length, MANY_NODES);
    });
    const target = sample('deep.json');
    await isNotHeldUp('Export of a deep network', () =>
      vscode.commands.executeCommand(COMMANDS.export, { format: 'json', target }),
    );
    await Promise.all([rm(uri.fsPath), rm(target.fsPath)]);
  });

  it('is not held up by a report of many layers', async () => {
    await analyze(sample('many.safetensors'));
    await isNotHeldUpByReport();
  });

  it('is not held up by very much that is skipped', async () => {
    const model = sample('skipped.safetensors');
    const scales = Array.from(
      { length: MANY_SKIPPED },
      (_, i) => [`layers.${i}.scale`, f32([1], [1])] as const,
    );
    await writeFile(model.fsPath, safetensors([...scales, ['head.weight', f32([2, 2], [1, 2, 3, 4])]]));
    try {
      await isNotHeldUp('the analysis of skipped.safetensors', async () => {
        const { skipped } = await analyze(model);
        assert.equal(skipped.length, MANY_SKIPPED);
      });
      await isNotHeldUpByReport();
      await isNotHeldUp('the whole of it sent to the panel again', async () => {
        await (await sessionOf(model)).restoreLatest();
        await vscode.commands.executeCommand(COMMANDS.copyAsMarkdown);
      });
    } finally {
      await rm(model.fsPath);
    }
  });

  it('has not loaded ONNX Runtime', () => {
    const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: readonly string[] };
    assert.ok(sharedObjects.length > 0);
    assert.deepEqual(
      sharedObjects.filter((path) => /onnxruntime/i.test(path)),
      [],
    );
    const modules = Object.keys(require.cache);
    assert.ok(modules.some((path) => /dist[\\/]extension\.js$/.test(path)));
    assert.deepEqual(
      modules.filter((path) => /onnxruntime/i.test(path)),
      [],
    );
  });
});

/** Every way out of the report that is shown. */
async function isNotHeldUpByReport(): Promise<void> {
  await isNotHeldUp('Copy as Markdown', () => vscode.commands.executeCommand(COMMANDS.copyAsMarkdown));
  for (const format of ['json', 'csv', 'md']) {
    const target = vscode.Uri.file(join(tmpdir(), `lipschitz-lens-${process.pid}.${format}`));
    try {
      await isNotHeldUp(`Export to ${format}`, () =>
        vscode.commands.executeCommand(COMMANDS.export, { format, target }),
      );
    } finally {
      await rm(target.fsPath, { force: true });
    }
  }
}

async function isNotHeldUp(what: string, deed: () => Thenable<unknown>): Promise<void> {
  const turns = await turnsWhile(deed);
  const longest = Math.max(...turns.map(({ elapsed }) => elapsed));
  const busy = turns.map((turn) => turn.busy).filter((each) => each !== null);
  const processor = busy.length === 0 ? '' : `, ${Math.max(...busy).toFixed(0)} ms of them on a processor`;
  console.log(`${MARK}      ${what}: held up for ${longest.toFixed(0)} ms at most${processor}`);
  assert.ok(longest < LIMIT, `${longest} ms`);
}

/** Every turn that the event loop makes meanwhile. */
async function turnsWhile(deed: () => Thenable<unknown>): Promise<Turn[]> {
  const turns: Turn[] = [];
  let at = performance.now();
  let busyAt = processorTime();
  const timer = setInterval(() => {
    const [now, busyNow] = [performance.now(), processorTime()];
    turns.push({ elapsed: now - at, busy: busyNow === null || busyAt === null ? null : busyNow - busyAt });
    [at, busyAt] = [now, busyNow];
  }, 1);
  try {
    await deed();
  } finally {
    clearInterval(timer);
  }
  return turns;
}

/** Milliseconds that this thread has been on a processor; null where the system does not tell. */
function processorTime(): number | null {
  try {
    return Number(readFileSync(`/proc/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return null;
  }
}
