import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { CONTEXT_KEYS } from '../../../src/editor/ids';
import { ModelFolders } from '../../../src/editor/model-folders';

type Listener = (event: object) => void;

/** The workspace, and what the extension does with it. */
interface Stage {
  files: string[];
  readonly searches: (string | undefined)[];
  readonly told: unknown[][];
  readonly listeners: Record<string, Listener>;
}

const stage = vi.hoisted((): Stage => ({ files: [], searches: [], told: [], listeners: {} }));

vi.mock('vscode', () => {
  const on = (name: string) => (listener: Listener) => {
    stage.listeners[name] = listener;
    return { dispose: () => delete stage.listeners[name] };
  };
  return {
    CancellationTokenSource: class {
      readonly token = { isCancellationRequested: false };
      cancel() {
        this.token.isCancellationRequested = true;
      }
    },
    workspace: {
      createFileSystemWatcher: () => ({
        onDidCreate: on('create'),
        onDidDelete: on('delete'),
        dispose: () => undefined,
      }),
      onDidChangeWorkspaceFolders: on('folders'),
      onDidRenameFiles: on('rename'),
      onDidDeleteFiles: on('remove'),
      findFiles: (pattern: string, exclude: string | undefined) => {
        stage.searches.push(exclude);
        const found = stage.files.filter(
          (path) => !pattern.startsWith('**/*.safe') || path.endsWith('.json'),
        );
        return Promise.resolve(found.map((fsPath) => ({ fsPath })));
      },
    },
    commands: {
      executeCommand: (_: string, key: string, folders: unknown) => stage.told.push([key, folders]),
    },
  };
});

const index = (folder: string) => join(folder, 'model.safetensors.index.json');
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
/** The context keys, once told. */
const keys = (sharded: string[], several: string[] = []) => [
  [CONTEXT_KEYS.modelFolders, sharded],
  [CONTEXT_KEYS.checkpointFolders, several],
];

describe('ModelFolders', () => {
  beforeEach(() => {
    stage.files = [index('a'), index('b'), join('b', 'other.safetensors.index.json')];
    for (const list of [stage.searches, stage.told]) list.length = 0;
  });

  it('searches once, apart from packages, and follows single files from then on', async () => {
    const folders = new ModelFolders();
    await turn();
    expect(stage.told).toEqual(keys(['a', 'b']));
    for (let i = 0; i < 50; i++) stage.listeners.create({ fsPath: index(`c${i % 2}`) });
    await turn();
    expect(stage.told.slice(2)).toEqual(keys(['a', 'b', 'c0', 'c1']));
    for (const folder of ['a', 'b', 'c0']) stage.listeners.delete({ fsPath: index(folder) });
    await turn();
    // The other index of b is still there.
    expect(stage.told.slice(4)).toEqual(keys(['b', 'c1']));
    expect(stage.searches).toEqual(Array(2).fill(expect.stringContaining('node_modules')));
    folders.dispose();
  });

  it('follows folders that are moved and deleted', async () => {
    stage.files = ['a', 'ab', 'b'].map(index);
    const folders = new ModelFolders();
    await turn();
    const uri = (fsPath: string) => ({ fsPath });
    stage.listeners.rename({ files: [{ oldUri: uri('a'), newUri: uri('z') }] });
    stage.listeners.remove({ files: [uri('b'), uri('x')] });
    await turn();
    expect(stage.told.slice(2)).toEqual(keys(['ab', 'z']));
    expect(stage.searches).toHaveLength(2);
    folders.dispose();
  });

  it('knows folders of several models apart from those of a sharded one', async () => {
    stage.files = ['a/1.onnx', 'a/2.onnx', 'b/1.onnx', index('c'), 'c/1.safetensors'];
    const folders = new ModelFolders();
    await turn();
    stage.listeners.create({ fsPath: 'b/2.onnx' });
    await turn();
    expect(stage.told).toEqual([...keys(['c'], ['a']), ...keys(['c'], ['a', 'b'])]);
    folders.dispose();
  });

  it('searches again in another set of folders', async () => {
    const folders = new ModelFolders();
    stage.files = [index('other')];
    stage.listeners.folders({});
    await turn();
    expect(stage.told).toEqual(keys(['other']));
    folders.dispose();
  });

  it('tells nothing any more when it is disposed of', async () => {
    new ModelFolders().dispose();
    await turn();
    expect(stage.told).toEqual([]);
    expect(stage.listeners).toEqual({});
  });
});
