/** The tensors of a model, in one safetensors file or in the shards that an index names. */
import { t } from '@vscode/l10n';
import { LimitExceededError, MalformedFileError, UnknownFormatError } from '../errors';
import { RangeFile, resolveInside } from '../file';
import type { ModelFile } from '../model';
import { readHeader } from './header';
import { asObject, readJsonObject } from './json';
import { quote } from '../quote';
import { StoredTensor } from './stored-tensor';

export interface Archive {
  /** Names are unique. */
  readonly tensors: readonly StoredTensor[];
  /** Tensors that a shard holds but the index does not place there. */
  readonly strays: readonly StoredTensor[];
  /** The file, or the index and its shards. */
  readonly files: readonly ModelFile[];
  close(): Promise<void>;
}

/** The largest index that is published (497,000 tensors) has 60 MB. */
const largestIndex = 256_000_000;
const indexDepth = 16;
/** The largest models that are published have some 200 shards; each holds a file open. */
const mostShards = 1000;

/**
 * @param path a safetensors file, or the index of one in shards (its name ends in `.index.json`).
 * @throws ModelError naming the file at fault.
 */
export async function openArchive(path: string): Promise<Archive> {
  return /\.index\.json$/i.test(path) ? openShards(path) : openSingle(path);
}

async function openSingle(path: string): Promise<Archive> {
  const file = await RangeFile.open(path);
  const close = () => file.close();
  try {
    return { tensors: await tensorsOf(file), strays: [], files: [modelFile(file)], close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openShards(path: string): Promise<Archive> {
  const index = await readJsonObject(path, largestIndex, indexDepth);
  const shardOf = shardsByTensor(index.object.get('weight_map'), path);
  const files: RangeFile[] = [];
  const close = async () => {
    await Promise.all(files.map((file) => file.close()));
  };
  try {
    const found = new Map<string, StoredTensor>();
    const strays: StoredTensor[] = [];
    for (const shard of new Set(shardOf.values())) {
      const file = await RangeFile.open(await resolveInside(path, shard));
      files.push(file);
      for (const tensor of await tensorsOf(file)) {
        if (shardOf.get(tensor.name) === shard) found.set(tensor.name, tensor);
        else strays.push(tensor);
      }
    }
    const tensors = [...shardOf].map(([name, shard]) => {
      const tensor = found.get(name);
      if (tensor !== undefined) return tensor;
      throw new MalformedFileError(
        path,
        t`it places tensor ${quote(name)} in ${quote(shard)}, which does not have it`,
      );
    });
    return { tensors, strays, files: [index.file, ...files.map(modelFile)], close };
  } catch (error) {
    await close();
    throw error;
  }
}

function modelFile({ path, size, modified }: RangeFile): ModelFile {
  return { path, bytes: size, modified };
}

function shardsByTensor(weightMap: unknown, path: string): Map<string, string> {
  if (weightMap === undefined)
    throw new UnknownFormatError(
      path,
      t(`it is not the index of a safetensors model: it has no "weight_map"`),
    );
  const members = asObject(weightMap);
  if (members === null) throw new MalformedFileError(path, t(`its "weight_map" is not a JSON object`));
  const shards = new Map<string, string>();
  for (const [name, shard] of members) {
    if (typeof shard !== 'string')
      throw new MalformedFileError(path, t`it names no file for tensor ${quote(name)}`);
    shards.set(name, shard);
  }
  const count = new Set(shards.values()).size;
  if (count > mostShards) {
    throw new LimitExceededError(
      path,
      t`it names ${count} files, more than the ${mostShards} that are opened together`,
    );
  }
  return shards;
}

async function tensorsOf(file: RangeFile): Promise<StoredTensor[]> {
  return (await readHeader(file)).map((entry) => new StoredTensor(file, entry));
}
