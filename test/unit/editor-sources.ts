/** The sources of the extension as syntax trees, for tests that hold its other files against them. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { root } from './product';

/** All files that are compiled for the extension host's side of the editor, paths relative to the project. */
export async function editorSources(): Promise<ts.SourceFile[]> {
  const folder = join(root, 'src/editor');
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts'));
  return Promise.all([join(root, 'src/extension.ts'), ...files.map((file) => join(folder, file))].map(parse));
}

/** Rooms whose sentences reach the editor through reports, errors and shared words. */
const CORE = ['analysis', 'bounds', 'compute', 'model', 'network', 'report', 'worker'];
/** The formats of the command line and of exports, which are in English. */
const FORMATS =
  /^src\/report\/((comparison|series)\/\w+|adapter-columns|csv|grid|markdown|network-lines|paint|sarif|spectrum-columns|table)\.ts$/;

/** All files below the editor of which it shows sentences. */
export async function coreSources(): Promise<ts.SourceFile[]> {
  const files = await Promise.all(
    CORE.map(async (room) => {
      const folder = join(root, 'src', room);
      const names = await readdir(folder, { recursive: true });
      return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
    }),
  );
  const sources = await Promise.all(files.flat().map(parse));
  return sources.filter(({ fileName }) => !FORMATS.test(fileName));
}

async function parse(path: string): Promise<ts.SourceFile> {
  const name = relative(root, path).replaceAll('\\', '/');
  return ts.createSourceFile(name, await readFile(path, 'utf8'), ts.ScriptTarget.ES2022, true);
}

/** Every node of a file, parents first. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  for (const child of node.getChildren()) yield* nodesOf(child);
}

/** `file.ts:12`, for the messages of failed tests. */
export function placeOf(node: ts.Node): string {
  const file = node.getSourceFile();
  return `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
}
