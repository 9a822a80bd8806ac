/** Opening a model of any format that is read. */
import { t } from '@vscode/l10n';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UnknownFormatError, UnreadableFileError } from './errors';
import { RangeFile } from './file';
import type { Model, OpenOptions } from './model';
import { openOnnx } from './onnx/layers';
import { openSafetensors } from './safetensors/open';

const indexName = /\.safetensors\.index\.json$/i;
const safetensorsName = /\.safetensors$/i;
const onnxName = /\.onnx$/i;

/**
 * @param path an ONNX or safetensors file, the index of a safetensors model in shards, or a folder that holds one
 * model: an index counts before the files, which then are its shards. Files with other names are told by their content.
 * @throws ModelError
 */
export async function openModel(path: string, options: OpenOptions): Promise<Model> {
  const file = (await isFolder(path)) ? await modelIn(path) : path;
  const model = await ((await isSafetensors(file))
    ? openSafetensors(file, options)
    : openOnnx(file, options));
  return { ...model, path, close: () => model.close() };
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // Whatever keeps it from being found is said better where it is opened.
    return false;
  }
}

/** @throws UnknownFormatError where the folder holds no model, or more than one */
async function modelIn(folder: string): Promise<string> {
  const names = await namesIn(folder);
  const indices = names.filter((name) => indexName.test(name));
  const files = names.filter((name) => safetensorsName.test(name) || onnxName.test(name));
  const candidates = indices.length > 0 ? indices : files;
  if (candidates.length === 1) return join(folder, candidates[0]);
  if (candidates.length === 0) {
    throw new UnknownFormatError(folder, t('the folder holds no .onnx or .safetensors file'));
  }
  const shown = candidates.slice(0, 5).join(', ') + (candidates.length > 5 ? ', ...' : '');
  throw new UnknownFormatError(
    folder,
    t`the folder holds ${candidates.length} models, name one of them: ${shown}`,
  );
}

/** Without hidden files, among them those that some systems leave beside each file. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .sort();
  } catch (cause) {
    throw new UnreadableFileError(folder, t('the folder cannot be read'), { cause });
  }
}

async function isSafetensors(path: string): Promise<boolean> {
  if (safetensorsName.test(path) || indexName.test(path)) return true;
  if (onnxName.test(path)) return false;
  const file = await RangeFile.open(path);
  try {
    if (file.size < 9) return false;
    // The length of the header, 8 bytes, then the header: a JSON object.
    const start = Buffer.from(await file.read(0, 9));
    return start.readBigUInt64LE(0) < BigInt(file.size) && start.toString('latin1', 8) === '{';
  } finally {
    await file.close();
  }
}
