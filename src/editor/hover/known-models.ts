/** The results that annotations draw from, each with an index of its names; never a reason to compute one. */
import { dirname } from 'node:path';
import type { LayerReport, Report } from '../../report/report';
import { areUnchanged } from '../analysis/result-cache';
import type { Result, Results } from '../analysis/results';
import { LayerIndex } from './layer-index';
import type { PythonClass } from './python-class';

export interface KnownModel {
  readonly result: Result;
  readonly index: LayerIndex;
}

export interface KnownLayer {
  readonly result: Result;
  readonly row: LayerReport;
}

/** Rows of all models together that are indexed, the newest first: some hundred megabytes of names. */
const MOST_ROWS = 200_000;

const INDEX_FILE = /\.safetensors\.index\.json$/i;

export class KnownModels {
  private models: Promise<readonly KnownModel[]> | null = null;
  private readonly indices = new WeakMap<Report, Promise<LayerIndex>>();
  private readonly listener: { dispose(): void };

  constructor(private readonly results: Results) {
    this.listener = results.onChange(() => {
      this.models = null;
    });
  }

  dispose(): void {
    this.listener.dispose();
  }

  /** Every model with a result, the newest first. */
  all(): Promise<readonly KnownModel[]> {
    if (this.models === null) {
      const models = this.load();
      this.models = models;
      // A failure is not kept.
      models.catch(() => {
        if (this.models === models) this.models = null;
      });
    }
    return this.models;
  }

  private async load(): Promise<readonly KnownModel[]> {
    const known: KnownModel[] = [];
    let rows = 0;
    for (const result of await this.results.all()) {
      const { report } = result;
      rows += report.layers.length;
      if (rows > MOST_ROWS && known.length > 0) break;
      let index = this.indices.get(report);
      if (index === undefined) this.indices.set(report, (index = LayerIndex.build(report.layers)));
      known.push({ result, index: await index });
    }
    return known;
  }
}

/** Whether this is the index of a model in shards: its keys are the model's own names. */
export function isIndexFile(path: string): boolean {
  return INDEX_FILE.test(path);
}

/** The path by which the model in a folder was analysed, the folder's own or its index's; null where none was. */
export function modelOfFolder(models: readonly KnownModel[], folder: string): string | null {
  const paths = models.map(({ result }) => result.report.model.path);
  const isIndexIn = (path: string) => isIndexFile(path) && dirname(path) === folder;
  return paths.find((path) => path === folder) ?? paths.find(isIndexIn) ?? null;
}

/**
 * The layers that a string names, those of the newest model first. In the index file at the path `index` its own model
 * comes before all others; a whole name comes before a part of one.
 */
export function layersNamed(
  models: readonly KnownModel[],
  name: string,
  index: string | null = null,
): KnownLayer[] {
  const matches = models.flatMap(({ result, index }) => {
    const match = index.find(name);
    return match ? [{ ...match, result }] : [];
  });
  const own = matches.filter(({ result: { report } }) => index !== null && isModelOf(report, index));
  const exact = matches.filter((match) => match.exact);
  const chosen = own.length > 0 ? own : exact.length > 0 ? exact : matches;
  return chosen.flatMap(({ rows, result }) => rows.map((row) => ({ row, result })));
}

/** The layers that an attribute of this class can be, those of the newest model first. */
export function layersOfAttribute(
  models: readonly KnownModel[],
  path: string,
  within: PythonClass | null,
): KnownLayer[] {
  const [attribute] = path.split('.', 1);
  if (!within?.attributes.has(attribute)) return [];
  return models.flatMap(({ result, index }) =>
    index.findAttribute(path, within.attributes).map((row) => ({ row, result })),
  );
}

/** Results as their files are now, each looked at once: nobody may have done so since they were loaded. */
export class Freshness {
  private readonly checked = new Map<Result, Promise<Result>>();

  async of(layers: readonly KnownLayer[]): Promise<KnownLayer[]> {
    return Promise.all(layers.map(async ({ row, result }) => ({ row, result: await this.check(result) })));
  }

  private check(result: Result): Promise<Result> {
    let checked = this.checked.get(result);
    if (checked === undefined) {
      checked = areUnchanged(result.files).then((unchanged) => ({ ...result, stale: !unchanged }));
      this.checked.set(result, checked);
    }
    return checked;
  }
}

function isModelOf({ model }: Report, indexFile: string): boolean {
  return model.path === indexFile || model.path === dirname(indexFile);
}
