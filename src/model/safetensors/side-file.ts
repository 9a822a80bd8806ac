/**
 * `FILE.lipschitz.json`, beside a safetensors model: what the model's own file does not say of its layers.
 * `media/lipschitz.schema.json` is the published description of the same rules.
 */
import { t } from '@vscode/l10n';
import { LimitExceededError, MalformedFileError, type Clause } from '../errors';
import { COMPANIONS, findBeside } from './beside';
import { globMatches } from '../glob';
import { readJsonObject } from './json';
import { quote } from '../quote';
import { checkRules, type LayerSettings, type Rule } from './settings';

/** Bytes; one rule for each of 100,000 layers fits. */
const largestSideFile = 16_000_000;
const sideFileDepth = 8;
/** Each is compared with every tensor. */
const mostGlobs = 1000;

export class SideFile {
  /** Settings that were asked for, as `rule index:key`. */
  readonly #used = new Set<string>();
  readonly #ruleOf = new Map<string, number>();
  readonly #globs: number[] = [];

  private constructor(
    readonly path: string,
    private readonly rules: readonly Rule[],
  ) {
    rules.forEach(({ pattern }, rule) => {
      if (pattern.includes('*')) this.#globs.push(rule);
      else this.#ruleOf.set(pattern, rule);
    });
    if (this.#globs.length > mostGlobs) {
      throw new LimitExceededError(
        path,
        t`it has ${this.#globs.length} names with "*", more than ${mostGlobs}`,
      );
    }
  }

  /** @returns an empty one where there is none. @throws ModelError naming the side file and the key at fault. */
  static async readFor(modelPath: string): Promise<SideFile> {
    const path = await findBeside(modelPath, COMPANIONS.sideFile);
    if (path === null) return new SideFile(`${modelPath}.lipschitz.json`, []);
    const { object } = await readJsonObject(path, largestSideFile, sideFileDepth);
    return new SideFile(path, checkRules(object, path));
  }

  /** The settings of a layer that goes by any of these names. Where several rules have a key, the last one counts. */
  settingsFor(...names: readonly string[]): SettingsView {
    const matching = this.#rulesFor(names);
    return {
      get: (key) => {
        const having = matching.filter((rule) => this.rules[rule].settings[key] !== undefined);
        for (const rule of having) this.#used.add(`${rule}:${key}`);
        const last = having.at(-1);
        return last === undefined ? undefined : this.rules[last].settings[key];
      },
      fail: (key, problem) => {
        throw new MalformedFileError(this.path, problem(t`${quote(key)} for ${quote(names[0])}`));
      },
    };
  }

  /** Indices in the order of the file. */
  #rulesFor(names: readonly string[]): number[] {
    const exact = names.map((name) => this.#ruleOf.get(name)).filter((rule) => rule !== undefined);
    const globs = this.#globs.filter((rule) =>
      names.some((name) => globMatches(this.rules[rule].pattern, name)),
    );
    return [...new Set([...exact, ...globs])].sort((a, b) => a - b);
  }

  /** @throws MalformedFileError where a setting applied to nothing: most likely a misspelt name. */
  refuseUnused(): void {
    this.rules.forEach(({ pattern, settings }, rule) => {
      for (const key of Object.keys(settings)) {
        if (!this.#used.has(`${rule}:${key}`)) {
          throw new MalformedFileError(
            this.path,
            t`${quote(key)} for ${quote(pattern)} applies to no layer of the model`,
          );
        }
      }
    });
  }
}

/** What the side file says of one layer. */
export interface SettingsView {
  get<K extends keyof LayerSettings>(key: K): LayerSettings[K] | undefined;
  /** Ends with an error that names the side file, the key and the layer. */
  fail(key: keyof LayerSettings, problem: Clause): never;
}
