// Packages the extension, a VSIX for each platform, in dist/vsix:
//   node package.mjs [--list] [PLATFORM...]
// --list prints what would go in instead. All is built in a folder of its own: no stale file gets in, and what is in
// dist/ stays as it is.
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, posix } from 'node:path';
import vsce from '@vscode/vsce';
import { buildPrograms } from './esbuild.mjs';
import { thirdPartyNotices } from './notices.mjs';

/** The native libraries that each platform needs: ONNX Runtime, and on Windows what DirectML and WebGPU load. */
const WINDOWS = ['onnxruntime.dll', 'DirectML.dll', 'dxcompiler.dll', 'dxil.dll'];
const LINUX = ['libonnxruntime.so.1'];
const LIBRARIES = {
  'win32-x64': WINDOWS,
  'win32-arm64': WINDOWS,
  'linux-x64': LINUX,
  'linux-arm64': LINUX,
  // The npm package holds it a second time under its full version, which nothing loads.
  'darwin-arm64': ['libonnxruntime.1.dylib'],
};

/** Packages that cannot be bundled, and the scripts of theirs that are loaded. */
const UNBUNDLED = {
  'onnxruntime-node': /^dist\/[^/]+\.js$/,
  'onnxruntime-common': /^dist\/cjs\/[^/]+\.js(on)?$/,
};

/** Programs of the project that are not part of the extension. */
const NOT_SHIPPED = ['cli.js'];

const root = import.meta.dirname;
const output = join(root, 'dist', 'vsix');

const asked = process.argv.slice(2);
const onlyList = asked[0] === '--list';
if (onlyList) asked.shift();
const unknown = asked.find((platform) => !Object.hasOwn(LIBRARIES, platform));
if (unknown !== undefined) {
  console.error(`unknown platform ${unknown}; known are ${Object.keys(LIBRARIES).join(', ')}`);
  process.exit(2);
}
const platforms = asked.length > 0 ? asked : Object.keys(LIBRARIES);

// The same content makes the same archive: vsce then sorts its entries and gives them this date. An archive has local
// times.
process.env.SOURCE_DATE_EPOCH ??= '946684800';
process.env.TZ = 'UTC';

const stage = await mkdtemp(join(tmpdir(), 'lipschitz-lens-'));
try {
  await fillStage();
  const sizes = [];
  for (const platform of platforms) {
    await stageRuntime(platform);
    if (onlyList) {
      for (const file of (await listFiles(stage)).sort()) console.log(`${platform} ${file}`);
    } else {
      sizes.push(await pack(platform));
    }
  }
  if (!onlyList) console.table(sizes);
} finally {
  await rm(stage, { recursive: true, force: true });
}

/** Puts into the stage what is the same on every platform. */
async function fillStage() {
  const files = (await listFiles(root)).filter((file) => !file.startsWith('dist/'));
  for (const file of ['.vscodeignore', ...files]) await cp(join(root, file), join(stage, file));
  await writeFile(join(stage, 'README.md'), await standaloneReadme());

  const metafiles = await buildPrograms({ outdir: join(stage, 'dist'), production: true });
  const shipped = metafiles.filter(({ outputs }) =>
    Object.keys(outputs).every((path) => !NOT_SHIPPED.includes(basename(path))),
  );
  const notices = await thirdPartyNotices(shipped, Object.keys(UNBUNDLED));
  await writeFile(join(stage, 'ThirdPartyNotices.txt'), notices);
}

/** Puts ONNX Runtime for one platform, and no other, where the worker's `require` looks first. */
async function stageRuntime(platform) {
  const target = join(stage, 'dist', 'node_modules');
  await rm(target, { recursive: true, force: true });
  for (const [name, scripts] of Object.entries(UNBUNDLED)) {
    const source = join(root, 'node_modules', name);
    const all = (await readdir(source, { recursive: true })).map((path) => path.replaceAll('\\', '/'));
    for (const file of all.filter((path) => path === 'package.json' || scripts.test(path))) {
      await cp(join(source, file), join(target, name, file));
    }
  }
  const folder = posix.join('onnxruntime-node/bin/napi-v6', ...platform.split('-'));
  for (const library of ['onnxruntime_binding.node', ...LIBRARIES[platform]]) {
    const source = join(root, 'node_modules', folder, library);
    if (!existsSync(source)) throw new Error(`${folder} has no ${library}`);
    await cp(source, join(target, folder, library));
  }
}

/** Makes the package of the platform that is in the stage; answers its sizes. */
async function pack(platform) {
  const { name, version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const packagePath = join(output, `${name}-${platform}-${version}.vsix`);
  await mkdir(dirname(packagePath), { recursive: true });
  await vsce.createVSIX({
    cwd: stage,
    target: platform,
    packagePath,
    // No `npm list`: the stage is not an installation.
    dependencies: false,
    rewriteRelativeLinks: false,
    allowMissingRepository: true,
  });
  const unpacked = await Promise.all((await listFiles(stage)).map((file) => stat(join(stage, file))));
  return {
    package: basename(packagePath),
    'packed, MB': megabytes((await stat(packagePath)).size),
    'unpacked, MB': megabytes(unpacked.reduce((sum, { size }) => sum + size, 0)),
  };
}

/**
 * The README for a place without the repository around it (an editor's page about the extension, where links to other
 * files are dead): its pictures are part of it, and links to files are their words alone.
 */
async function standaloneReadme() {
  const text = await readFile(join(root, 'README.md'), 'utf8');
  const pictures = /!\[([^\]]*)\]\((?!\w+:)([^)\s]+\.png)\)/g;
  const data = new Map();
  for (const [, , path] of text.matchAll(pictures)) {
    data.set(path, `data:image/png;base64,${await readFile(join(root, path), 'base64')}`);
  }
  return text
    .replace(pictures, (_, title, path) => `![${title}](${data.get(path)})`)
    .replace(/(?<!!)\[([^\]]*)\]\((?!\w+:|#)[^)\s]+\)/g, '$1');
}

function listFiles(cwd) {
  return vsce.listFiles({ cwd, packageManager: vsce.PackageManager.None });
}

function megabytes(bytes) {
  return Number((bytes / 1e6).toFixed(1));
}
