/** `adapter_config.json`, which PEFT writes beside the weights of an adapter. */
import { t } from '@vscode/l10n';
import { MalformedFileError } from '../errors';
import { COMPANIONS, findBeside } from './beside';
import { asObject, readJsonObject, type JsonObject } from './json';
import { quote } from '../quote';

/** Bytes; real ones have some kilobytes. */
const largestConfig = 16_000_000;
const configDepth = 64;

/** Thrown away with the model: what the file says of every module. */
export interface AdapterConfig {
  /** `LORA`, `LOHA`, `LOKR` and others; null where the file does not say. */
  readonly type: string | null;
  /** Null where the file does not say, or says it with a regular expression, which is not evaluated. */
  alphaOf(module: string): number | null;
  /** Likewise. */
  rankOf(module: string): number | null;
  /** The update is divided by the root of the rank, not by the rank (Kalajdzievski, arXiv:2312.03732). */
  readonly rankStabilized: boolean;
  /** The weights of the base are stored as (inputs, outputs), the transpose of what is updated. */
  readonly fanInFanOut: boolean;
  /** What makes the update another one than `scale * B A`; null where nothing does. */
  readonly obstacle: string | null;
}

/** @throws ModelError where there is a file that cannot be used. Null where there is none. */
export async function readAdapterConfig(modelPath: string): Promise<AdapterConfig | null> {
  const path = await findBeside(modelPath, COMPANIONS.adapterConfig);
  if (path === null) return null;
  const { object } = await readJsonObject(path, largestConfig, configDepth);
  const alpha = numberAt(object, 'lora_alpha', path) ?? numberAt(object, 'alpha', path);
  const rank = numberAt(object, 'r', path);
  const alphas = patternsAt(object, 'alpha_pattern', path);
  const ranks = patternsAt(object, 'rank_pattern', path);
  const type = object.get('peft_type');
  return {
    type: typeof type === 'string' ? type : null,
    alphaOf: (module) => lookUp(alphas, module, alpha),
    rankOf: (module) => lookUp(ranks, module, rank),
    rankStabilized: object.get('use_rslora') === true,
    fanInFanOut: object.get('fan_in_fan_out') === true,
    obstacle: object.get('use_qalora') === true ? t('QA-LoRA pools its input, which is not analysed') : null,
  };
}

function numberAt(object: JsonObject, key: string, path: string): number | null {
  const value = object.get(key) ?? null;
  if (value !== null && (typeof value !== 'number' || !Number.isFinite(value))) {
    throw new MalformedFileError(path, t`${quote(key)} is not a number`);
  }
  return value;
}

function patternsAt(object: JsonObject, key: string, path: string): ReadonlyMap<string, number> {
  const value = object.get(key) ?? {};
  const patterns = asObject(value);
  if (patterns === null) throw new MalformedFileError(path, t`${quote(key)} is not a JSON object`);
  return new Map([...patterns.keys()].map((pattern) => [pattern, numberAt(patterns, pattern, path) ?? NaN]));
}

/**
 * The value of the first pattern that covers the end of the module's name, from a dot on. Patterns are regular
 * expressions to PEFT: one that says more than names and dots makes the answer unknown, unless an earlier one fits.
 */
function lookUp(
  patterns: ReadonlyMap<string, number>,
  module: string,
  otherwise: number | null,
): number | null {
  const name = module.replace(/^base_model\.model\./, '');
  for (const [pattern, value] of patterns) {
    const plain = pattern.replace(/^\^/, '');
    if (!/^[\w.-]+$/.test(plain)) return null;
    const whole = plain !== pattern;
    if (name === plain || (!whole && name.endsWith(`.${plain}`))) return Number.isNaN(value) ? null : value;
  }
  return otherwise;
}
