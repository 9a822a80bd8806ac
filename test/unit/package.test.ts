/** What `npm run package` makes: every file that the extension asks for, no other, and a worker that computes. */
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyzeInWorker } from '../../src/worker/client';
import { editorSources, nodesOf } from './editor-sources';
import { Folder } from './folder';
import { dist, root } from './product';
import { DEFAULT_SETTINGS } from './report/sample';

/** The part that is used of yauzl, the reader of archives that vsce brings. */
interface Archive {
  eachEntry(): AsyncIterable<{ readonly fileName: string }>;
  openReadStreamPromise(entry: { readonly fileName: string }): Promise<Readable>;
}
const require = createRequire(createRequire(import.meta.url).resolve('@vscode/vsce'));
const yauzl = require('yauzl') as { openPromise(path: string): Promise<Archive> };

const execute = promisify(execFile);

async function runPackage(...args: string[]): Promise<string> {
  const { stdout, stderr } = await execute(process.execPath, [join(root, 'package.mjs'), ...args]);
  return stdout + stderr;
}

/** The native libraries of each platform; ONNX Runtime's own binding loads the rest. */
const WINDOWS = ['DirectML.dll', 'dxcompiler.dll', 'dxil.dll', 'onnxruntime.dll', 'onnxruntime_binding.node'];
const NATIVE: Readonly<Record<string, readonly string[]>> = {
  'win32-x64': WINDOWS,
  'win32-arm64': WINDOWS,
  'linux-x64': ['libonnxruntime.so.1', 'onnxruntime_binding.node'],
  'linux-arm64': ['libonnxruntime.so.1', 'onnxruntime_binding.node'],
  'darwin-arm64': ['libonnxruntime.1.dylib', 'onnxruntime_binding.node'],
};

/** Where ONNX Runtime lies in the package. */
const RUNTIME = 'dist/node_modules/';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly main: string;
  readonly icon: string;
  readonly l10n: string;
  readonly contributes: {
    readonly jsonValidation: readonly { readonly url: string }[];
    readonly walkthroughs: readonly {
      readonly steps: readonly { readonly media: Readonly<Record<string, string>> }[];
    }[];
  };
}

async function readManifest(): Promise<Manifest> {
  return JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
}

/** Every file of the package that the manifest, the code, the page and its styles ask for. */
async function askedFor(): Promise<string[]> {
  const { main, icon, l10n, contributes } = await readManifest();
  const manifest = [
    'package.json',
    'package.nls.json',
    main,
    icon,
    ...(await readdir(join(root, l10n))).map((file) => posix.join(l10n, file)),
    ...contributes.jsonValidation.map(({ url }) => url),
    ...contributes.walkthroughs.flatMap(({ steps }) =>
      steps.flatMap(({ media }) => [media.image, media.svg, media.markdown].filter(Boolean)),
    ),
  ].map((path) => posix.normalize(path));
  const code = (await editorSources()).flatMap((file) => [...nodesOf(file)].flatMap(pathsAskedFor));
  const worker = await readFile(join(root, 'src/worker/main.ts'), 'utf8');
  const beside = [...worker.matchAll(/join\(__dirname, '([^']+)'\)/g)].map(([, name]) =>
    posix.join('dist', name),
  );
  const styles = (await readFile(join(dist, 'panel.css'), 'utf8')).matchAll(/url\("?(?!data:)([^)"?#]+)/g);
  const fonts = [...styles].map(([, path]) => posix.join('dist', path));
  const imports = (await readFile(join(dist, 'panel.js'), 'utf8')).matchAll(/import\("\.\/([^"]+)"\)/g);
  const scripts = [...imports].map(([, path]) => posix.join('dist', path));
  return [...new Set([...manifest, ...code, ...beside, ...fonts, ...scripts])].sort();
}

/** The files of the package that a piece of code names: `dist/worker.js`, `joinPath(.., 'media', 'x.svg')`, `uriOf`. */
function pathsAskedFor(node: ts.Node): string[] {
  if (ts.isStringLiteralLike(node) && /^(dist|media)\/./.test(node.text)) return [node.text];
  if (!ts.isCallExpression(node)) return [];
  const texts = node.arguments.filter(ts.isStringLiteralLike).map(({ text }) => text);
  const callee = node.expression.getText();
  if (callee === 'uriOf') return texts.map((name) => posix.join('dist', name));
  if (callee.endsWith('joinPath') && texts.length > 1) return [texts.join('/')];
  return [];
}

/** What vsce adds or asks for itself, by its names in the package's folder. */
const USUAL = ['LICENSE.txt', 'ThirdPartyNotices.txt', 'changelog.md', 'readme.md'];

describe('npm run package', () => {
  const folder = new Folder();
  let output: string;
  let files: string[];
  const extension = () => folder.join('extension');

  beforeAll(async () => {
    output = await runPackage('linux-x64');
    const { name, version } = await readManifest();
    const archive = await yauzl.openPromise(join(dist, 'vsix', `${name}-linux-x64-${version}.vsix`));
    files = [];
    for await (const entry of archive.eachEntry()) {
      files.push(entry.fileName);
      const path = folder.join(entry.fileName);
      await mkdir(dirname(path), { recursive: true });
      await pipeline(await archive.openReadStreamPromise(entry), createWriteStream(path));
    }
  });

  it('goes without a warning, and says the size', () => {
    expect(output).not.toMatch(/\bwarn|\berror|deprecat/i);
    expect(output).toMatch(/lipschitz-lens-linux-x64-[\d.]+\.vsix'? *│ *[\d.]+ *│ *[\d.]+/);
  });

  it('puts in what is asked for, and nothing else', async () => {
    const own = files
      .filter((file) => file.startsWith('extension/'))
      .map((file) => file.slice('extension/'.length))
      .filter((file) => !file.startsWith(RUNTIME));
    const asked = await askedFor();
    // The reading of the sources itself.
    expect(asked).toEqual(
      expect.arrayContaining([
        ...[
          'dist/extension.js',
          'dist/worker.js',
          'dist/companion.js',
          'dist/panel.js',
          'dist/panel.css',
          'dist/plot-library.js',
        ],
        ...['media/panel-light.svg', 'media/panel-dark.svg', 'dist/codicon.ttf', 'l10n/bundle.l10n.json'],
      ]),
    );
    expect(own.sort()).toEqual([...asked, ...USUAL].sort());
    const rest = files.filter((file) => !file.startsWith('extension/'));
    expect(rest.sort()).toEqual(['[Content_Types].xml', 'extension.vsixmanifest']);
  });

  it('puts in notices of all that is bundled', async () => {
    const notices = await readFile(join(extension(), 'ThirdPartyNotices.txt'), 'utf8');
    for (const name of ['onnxruntime-node', 'onnxruntime-common', 'protobufjs', 'preact']) {
      expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm'));
    }
    // Only the command line, which is not in the package, has it.
    expect(notices).not.toMatch(/^commander /m);
  });

  it('puts in a README that needs no other file', async () => {
    const readme = await readFile(join(extension(), 'readme.md'), 'utf8');
    expect(readme).toMatch(/^# Lipschitz Lens/);
    const targets = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target.slice(0, 40));
    expect(targets.filter((target) => !/^(https:|#|data:image\/png;base64,)/.test(target))).toEqual([]);
  });

  it('puts in programs without maps', async () => {
    for (const name of [
      'extension.js',
      'worker.js',
      'companion.js',
      'panel.js',
      'plot-library.js',
      'panel.css',
    ]) {
      const path = join(extension(), 'dist', name);
      expect(await readFile(path, 'utf8')).not.toContain('sourceMappingURL');
    }
    const { size } = await stat(join(extension(), 'dist/worker.js'));
    expect(size).toBeLessThan((await stat(join(dist, 'worker.js'))).size);
  });

  it.runIf(process.platform === 'linux' && process.arch === 'x64')(
    'puts in a worker that computes, with no other package around it',
    async () => {
      const { rows } = await analyzeInWorker(
        {
          path: join(root, 'test/fixtures/golden/golden_zoo.onnx'),
          settings: { ...DEFAULT_SETTINGS, device: 'cpu' },
          layers: null,
          perGroup: false,
          only: [0, 1, 2],
        },
        {},
        { workerPath: join(extension(), 'dist/worker.js') },
      );
      const known = rows.filter((row) => row !== null);
      expect(known.map(({ error }) => error)).toEqual([null, null, null]);
      for (const { lipschitz } of known) expect(lipschitz?.upper).toBeGreaterThan(0);
    },
  );

  it('makes the same package of the same files', async () => {
    const { name, version } = await readManifest();
    const path = join(dist, 'vsix', `${name}-linux-x64-${version}.vsix`);
    const first = await readFile(path);
    await runPackage('linux-x64');
    expect(first.equals(await readFile(path))).toBe(true);
  });

  it('refuses a platform that it does not know', async () => {
    await expect(runPackage('darwin-x64')).rejects.toThrow(
      /unknown platform darwin-x64; known are win32-x64/,
    );
  });
});

describe('each platform', () => {
  /** The files of each. */
  const listed = new Map<string, string[]>();

  beforeAll(async () => {
    for (const line of (await runPackage('--list')).trim().split('\n')) {
      const [platform, file] = line.split(' ', 2);
      listed.set(platform, [...(listed.get(platform) ?? []), file]);
    }
  });

  it('gets its own native libraries and no others', () => {
    expect([...listed.keys()]).toEqual(Object.keys(NATIVE));
    for (const [platform, files] of listed) {
      const folder = `${RUNTIME}onnxruntime-node/bin/napi-v6/${platform.replace('-', '/')}`;
      const native = NATIVE[platform].map((file) => `${folder}/${file}`);
      const binary = files.filter((file) => !/\.(js|json|css|svg|png|md|txt|ttf)$|^LICENSE$/.test(file));
      expect(binary.sort()).toEqual(native.sort());
    }
  });

  it('gets the same files but for these, and of ONNX Runtime only what is loaded', () => {
    const common = [...listed.values()].map((files) => files.filter((file) => !file.includes('/bin/')));
    for (const files of common) expect(files).toEqual(common[0]);
    const runtime = common[0]
      .filter((file) => file.startsWith(RUNTIME))
      .map((file) => file.slice(RUNTIME.length));
    const allowed =
      /^onnxruntime-(node|common)\/package\.json$|^onnxruntime-node\/dist\/\w+\.js$|^onnxruntime-common\/dist\/cjs\/(package\.json|[\w-]+\.js)$/;
    expect(runtime.filter((file) => !allowed.test(file))).toEqual([]);
  });
});
