/** What `config.json` beside a model of Hugging Face's transformers says that concerns weights. */
import { COMPANIONS, findBeside } from './beside';
import { usualScaleBlock, type ScaleBlock } from './float8';
import { memberOf, readJsonObject } from './json';

/** Bytes; real ones have some kilobytes. */
const largestConfig = 16_000_000;
const configDepth = 64;

/**
 * The blocks of an 8-bit model, `quantization_config.weight_block_size`; the usual ones where it says nothing.
 * @throws ModelError where there is a config.json that cannot be read.
 */
export async function readScaleBlock(modelPath: string): Promise<ScaleBlock> {
  const path = await findBeside(modelPath, COMPANIONS.modelConfig);
  if (path === null) return usualScaleBlock;
  const { object } = await readJsonObject(path, largestConfig, configDepth);
  const block = memberOf(object.get('quantization_config'), 'weight_block_size');
  return isScaleBlock(block) ? block : usualScaleBlock;
}

function isScaleBlock(value: unknown): value is ScaleBlock {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((size) => Number.isSafeInteger(size) && size > 0)
  );
}
