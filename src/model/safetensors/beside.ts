/** The files beside a safetensors model that say what its own file does not. */
import { lstat, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { resolveInside } from '../file';
import type { ModelFile } from '../model';

type NameOf = (modelName: string) => string;

/** Their names, from the model's. */
export const COMPANIONS = {
  sideFile: (modelName) => `${modelName}.lipschitz.json`,
  adapterConfig: () => 'adapter_config.json',
  modelConfig: () => 'config.json',
} satisfies Record<string, NameOf>;

/** All of them as they are now, whether they exist or not. */
export function companionFiles(modelPath: string): Promise<ModelFile[]> {
  return Promise.all(
    Object.values<NameOf>(COMPANIONS).map(async (nameOf) => {
      const path = join(dirname(modelPath), nameOf(basename(modelPath)));
      const status = await stat(path).catch(() => null);
      return { path, bytes: status?.size ?? null, modified: status?.mtimeMs ?? null };
    }),
  );
}

/**
 * The real path of a file in the folder of the model, or null where there is none.
 * @param nameOf gives its name from the model's name.
 * @throws UnsafePathError where it is a link that leaves the model's folder.
 */
export async function findBeside(modelPath: string, nameOf: NameOf): Promise<string | null> {
  const name = nameOf(basename(modelPath));
  try {
    await lstat(join(dirname(modelPath), name));
  } catch {
    return null;
  }
  return resolveInside(modelPath, name);
}
