/** Results made by hand, of models that are files on disk. */
import { stat } from 'node:fs/promises';
import type { StoredResult } from '../../../../src/editor/analysis/result-cache';
import type { Report } from '../../../../src/report/report';
import type { ModelFile } from '../../../../src/worker/client';
import { report } from '../../report/sample';

/** A result for the model at `path`, which consists of `path` and `others`. */
export async function stored(
  path: string,
  overrides: Partial<Report> = {},
  { analysedAt = 1, others = [] as string[] } = {},
): Promise<StoredResult> {
  return {
    report: report({ model: { path, format: 'onnx', bytes: 5 }, ...overrides }),
    files: await Promise.all([path, ...others].map(fileAt)),
    analysedAt,
  };
}

async function fileAt(path: string): Promise<ModelFile> {
  const status = await stat(path).catch(() => null);
  return { path, bytes: status?.size ?? null, modified: status?.mtimeMs ?? null };
}
