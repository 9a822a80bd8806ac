/** Reading a model's files by range, and finding the files that a model refers to. */
import { t } from '@vscode/l10n';
import { constants, type Stats } from 'node:fs';
import { open, realpath, stat, type FileHandle } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import {
  GitLfsPointerError,
  LimitExceededError,
  TruncatedFileError,
  UnreadableFileError,
  UnsafePathError,
} from './errors';
import type { ModelFile } from './model';
import { quote } from './quote';

/** Largest single read, bytes: what one typed array holds in every supported version of Node. */
const largestRead = 2 ** 32 - 1;
/** Bytes asked of the operating system at a time: below the 2 GiB at which some of them stop. */
const chunk = 2 ** 28;

/** A regular file, open for reading by range. */
export class RangeFile {
  private constructor(
    /** As given by the caller. */
    readonly path: string,
    /** Bytes. */
    readonly size: number,
    /** Time of the last change when the file was opened, milliseconds. */
    readonly modified: number,
    private readonly handle: FileHandle,
  ) {}

  /** @throws UnreadableFileError where there is no regular file that may be read. */
  static async open(path: string): Promise<RangeFile> {
    try {
      // Opening some devices has effects, so the kind is looked at first; without O_NONBLOCK a pipe put there since
      // would block for ever. Windows has no such flag.
      refuseIrregular(path, await stat(path));
      const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      try {
        const status = await handle.stat();
        refuseIrregular(path, status);
        return new RangeFile(path, status.size, status.mtimeMs, handle);
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (error) {
      throw unreadable(path, error);
    }
  }

  /**
   * The bytes from `offset` to `offset + length`, in memory of their own.
   * @throws TruncatedFileError where the range is not inside the file, before anything is allocated.
   * @throws UnreadableFileError where the disk fails or the file was written to since it was opened.
   */
  async read(offset: number, length: number): Promise<Uint8Array> {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
      throw new RangeError(t`no range of a file: offset ${offset}, length ${length}`);
    }
    if (offset + length > this.size) {
      throw new TruncatedFileError(
        this.path,
        t`the file ends at byte ${this.size}, but bytes ${offset} to ${offset + length} are needed`,
      );
    }
    if (length > largestRead) {
      throw new LimitExceededError(
        this.path,
        t`${length} bytes in one piece, at most ${largestRead} can be read`,
      );
    }
    const bytes = Buffer.allocUnsafeSlow(length);
    try {
      for (let done = 0; done < length;) {
        const { bytesRead } = await this.handle.read(
          bytes,
          done,
          Math.min(chunk, length - done),
          offset + done,
        );
        if (bytesRead === 0) {
          throw new TruncatedFileError(
            this.path,
            t`the file became shorter than ${offset + length} bytes while it was read`,
          );
        }
        done += bytesRead;
      }
      if ((await this.handle.stat()).mtimeMs !== this.modified) {
        throw new UnreadableFileError(this.path, t('the file was changed while it was read'));
      }
    } catch (error) {
      throw unreadable(this.path, error);
    }
    return new Uint8Array(bytes.buffer, bytes.byteOffset, length);
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** Size of all files together. */
export function totalBytes(files: readonly ModelFile[]): number {
  return files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
}

function refuseIrregular(path: string, status: Stats): void {
  if (status.isDirectory()) throw new UnreadableFileError(path, t('it is a folder, not a file'));
  if (!status.isFile()) throw new UnreadableFileError(path, t('it is no regular file'));
}

/** A sentence for an error of the operating system; other errors are passed through. */
function unreadable(path: string, error: unknown): unknown {
  const reason = systemReason(error);
  return reason === null ? error : new UnreadableFileError(path, reason, { cause: error });
}

/** What went wrong in the operating system, as a clause; null for an error that is not the system's. */
function systemReason(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return t('the file does not exist');
    case 'EACCES':
    case 'EPERM':
      return t('there is no permission to read it');
    case 'EISDIR':
      return t('it is a folder, not a file');
    case 'ELOOP':
      return t('its symbolic links go round in a circle');
    case 'ENAMETOOLONG':
      return t('its name is too long');
    case 'EMFILE':
    case 'ENFILE':
      return t('too many files are open');
    case 'EBUSY':
      return t('another program has it locked');
    case 'EBADF':
      return t('it has been closed');
    case 'EIO':
      return t('the disk fails to read it');
    case 'ERR_INVALID_ARG_VALUE':
      return t('no file can have this name');
    default:
      return t`it cannot be read (${error.code})`;
  }
}

/** Git LFS keeps its pointer files below this size, bytes. */
const largestPointer = 1024;
const pointerStart = /^version https:\/\/(?:git-lfs|hawser)\.github\.com\/spec\//;

/** @throws GitLfsPointerError where the file is the stand-in that Git LFS leaves for a file it has not fetched. */
export async function refuseGitLfsPointer(file: RangeFile): Promise<void> {
  if (file.size >= largestPointer) return;
  const text = Buffer.from(await file.read(0, file.size)).toString('latin1');
  if (!pointerStart.test(text)) return;
  const size = /^size (\d+)$/m.exec(text)?.[1];
  throw new GitLfsPointerError(
    file.path,
    size === undefined
      ? t('it is a Git LFS pointer to a file that has not been fetched ("git lfs pull" fetches it)')
      : t`it is a Git LFS pointer to a file of ${size} bytes that has not been fetched ("git lfs pull" fetches it)`,
  );
}

/**
 * The real path of a file that a model refers to by a relative name: external data, a shard.
 *
 * The name is looked up beside the model as given, then beside the file that the model links to. What is found must
 * lie, all links followed, in one of these two folders: a cache that keeps contents in one folder and links to them
 * from another works, and no link leads elsewhere.
 * @throws UnsafePathError where the name or its links leave these folders.
 * @throws UnreadableFileError where there is no such file. Both name the model.
 */
export async function resolveInside(modelPath: string, location: string): Promise<string> {
  const unsafe = unsafeLocation(location);
  if (unsafe !== null) {
    throw new UnsafePathError(modelPath, t`it refers to ${quote(location)}, ${unsafe}`);
  }
  const given = dirname(modelPath);
  let roots: string[];
  let found: string;
  try {
    roots = [await realpath(given), dirname(await realpath(modelPath))];
  } catch (error) {
    throw unreadable(modelPath, error);
  }
  try {
    found = await realpath(join(given, location)).catch((error: unknown) => {
      if (isMissing(error)) return realpath(join(roots[1], location));
      throw error;
    });
  } catch (error) {
    const reason = systemReason(error);
    if (reason === null) throw error;
    throw new UnreadableFileError(modelPath, t`it refers to ${quote(location)}: ${reason}`, {
      cause: error,
    });
  }
  if (!roots.some((root) => isInside(root, found))) {
    throw new UnsafePathError(
      modelPath,
      t`it refers to ${quote(location)}, a link that leaves the folder of the model`,
    );
  }
  return found;
}

/** Why a reference must not be followed; null where it may. Both separators count on every system. */
function unsafeLocation(location: string): string | null {
  if (location === '') return t('which is no name');
  if (location.includes('\0')) return t('which holds a NUL character');
  if (/^[a-z][a-z0-9+.-]+:[\\/]/i.test(location))
    return t('a URL: only files in the folder of the model are read');
  if (/^[\\/]|^[a-z]:/i.test(location))
    return t('an absolute path: only files in the folder of the model are read');
  if (location.split(/[\\/]/).includes('..')) return t('a path that leaves the folder of the model');
  return null;
}

function isInside(folder: string, path: string): boolean {
  const route = relative(folder, path);
  return route !== '' && route !== '..' && !route.startsWith(`..${sep}`) && !isAbsolute(route);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
