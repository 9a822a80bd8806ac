import { lstat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { resolveInside } from '../file';

/**
 * The real path of a file in the folder of the model, or null where there is none.
 * @param nameOf gives its name from the model's name.
 * @throws UnsafePathError where it is a link that leaves the model's folder.
 */
export async function findBeside(
  modelPath: string,
  nameOf: (modelName: string) => string,
): Promise<string | null> {
  const name = nameOf(basename(modelPath));
  try {
    await lstat(join(dirname(modelPath), name));
  } catch {
    return null;
  }
  return resolveInside(modelPath, name);
}
