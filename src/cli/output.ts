/** Where the result goes. */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { access, chmod, lstat, open, realpath, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** What was asked for cannot be done; the message is one sentence. */
export class UsageError extends Error {}
/** The result cannot be written; the message is one sentence. */
export class OutputError extends Error {}

/** Enough of a file to tell text from weights. */
const SAMPLE_BYTES = 4096;
const MODEL_NAME = /\.(?:onnx|safetensors|safetensors\.index\.json)$/i;

/**
 * Refuses, before any work is done, a file that could not be written in the end, and one that may be part of a model.
 * @throws UsageError
 */
export async function checkOutput(path: string, models: readonly string[]): Promise<void> {
  const refusal = await whyNot(path, models);
  if (refusal !== null) throw new UsageError(`--output ${path}: ${refusal}`);
}

async function whyNot(path: string, models: readonly string[]): Promise<string | null> {
  if (MODEL_NAME.test(path)) return 'this is the name of a model, not of a result';
  const existing = await statusOf(path);
  if (existing?.isDirectory()) return 'this is a folder';
  // A device or pipe is written to where it is.
  if (existing && !existing.isFile()) return null;
  const folder = dirname(path);
  if (!(await statusOf(folder))?.isDirectory()) return `there is no folder ${folder}`;
  if (!(await isWritable(folder))) return `nothing can be written to the folder ${folder}`;
  if (!existing) return null;
  for (const model of models) {
    const file = await statusOf(model);
    if (file?.dev === existing.dev && file.ino === existing.ino) return 'the result would replace the model';
  }
  return (await isText(path)) ? null : 'this exists and is no text file: it may be part of a model';
}

/**
 * The whole text or the file as it was. A device or pipe, which has no earlier content, is written to directly.
 * @throws OutputError
 */
export async function writeOutput(path: string, text: string): Promise<void> {
  try {
    const target = await realpath(path).catch(() => path);
    const existing = await lstat(target).catch(() => null);
    if (existing && !existing.isFile()) return await writeFile(target, text);
    const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}`);
    try {
      await writeFile(temporary, text, { flag: 'wx', flush: true });
      if (existing) await chmod(temporary, existing.mode);
      await rename(temporary, target);
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw error;
    }
  } catch (error) {
    throw new OutputError(`${path}: the result cannot be written: ${(error as Error).message}`);
  }
}

/**
 * Resolves when the stream has taken the text. A reader that went away wanted no more: that is no error.
 * @throws OutputError
 */
export function writeStream(stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error?: NodeJS.ErrnoException | null) => {
      if (!error || error.code === 'EPIPE') resolve();
      else reject(new OutputError(`the result cannot be written: ${error.message}`));
    });
  });
}

function statusOf(path: string): Promise<BigIntStats | null> {
  return stat(path, { bigint: true }).catch(() => null);
}

function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** Text in UTF-8, judged by its beginning. */
async function isText(path: string): Promise<boolean> {
  const file = await open(path).catch(() => null);
  if (file === null) return false;
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(SAMPLE_BYTES), 0, SAMPLE_BYTES, 0);
    const sample = buffer.subarray(0, bytesRead);
    // As a stream: the sample may end within a character.
    new TextDecoder('utf-8', { fatal: true }).decode(sample, { stream: true });
    return !sample.includes(0);
  } catch {
    return false;
  } finally {
    await file.close();
  }
}
