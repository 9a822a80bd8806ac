import type { Model, OpenOptions } from '../model';
import { totalBytes } from '../file';
import { openArchive } from './archive';
import { companionFiles } from './beside';
import { sortIntoLayers } from './layers';
import { SideFile } from './side-file';

/**
 * Opens a model of safetensors files.
 * @param path a `.safetensors` file, or the index (`*.safetensors.index.json`) of a model in shards. Beside it may lie
 * `<name>.lipschitz.json`, which says what the file does not (`media/lipschitz.schema.json`), `adapter_config.json` of
 * an adapter, and `config.json` of a model with 8-bit weights.
 * @throws ModelError naming the file and the tensor at fault.
 */
export async function openSafetensors(path: string, options: OpenOptions): Promise<Model> {
  // Before they are read: a change in between then makes the result stale, not wrong.
  const companions = await companionFiles(path);
  const archive = await openArchive(path);
  try {
    const sideFile = await SideFile.readFor(path);
    const { layers, skipped } = await sortIntoLayers(path, archive, sideFile, options);
    sideFile.refuseUnused();
    return {
      path,
      format: 'safetensors',
      bytes: totalBytes(archive.files),
      files: [...archive.files, ...companions],
      layers,
      skipped,
      computation: null,
      close: () => archive.close(),
    };
  } catch (error) {
    await archive.close();
    throw error;
  }
}
