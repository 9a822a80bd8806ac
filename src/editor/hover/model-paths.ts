/** Where the path of a model in a document may lead. */
import type { PlatformPath } from 'node:path';

export interface Surroundings {
  /** Folder of the document; null where it is on no disk yet. */
  readonly documentFolder: string | null;
  readonly workspaceFolders: readonly string[];
  readonly home: string;
  /** The rules of the system that the files are on. */
  readonly path: PlatformPath;
}

/** UTF-16 units: systems refuse longer ones. */
const LONGEST_PATH = 4_096;

/** Absolute paths, the likeliest first; whether there is something is another question. */
export function candidatePaths(text: string, surroundings: Surroundings): string[] {
  if (text === '' || text.length > LONGEST_PATH || /\p{Cc}/u.test(text)) return [];
  const { documentFolder, workspaceFolders, home, path } = surroundings;
  const folders = [...(documentFolder === null ? [] : [documentFolder]), ...workspaceFolders];
  // Files that were written on Windows are read elsewhere, too.
  const spellings = [text, ...(path.sep === '/' ? [text.replaceAll('\\', '/')] : [])];
  const candidates = spellings.flatMap((spelling) => {
    if (/^~[\\/]/.test(spelling)) return [path.join(home, spelling.slice(1))];
    if (path.isAbsolute(spelling)) return [path.resolve(folders[0] ?? home, spelling)];
    return folders.map((folder) => path.resolve(folder, spelling));
  });
  return [...new Set(candidates)].filter((candidate) => isReachable(candidate, folders, path));
}

/**
 * On Windows a look at `\\server\share` signs in to that server: a document must not make the editor do so, unless the
 * user works there.
 */
function isReachable(candidate: string, folders: readonly string[], path: PlatformPath): boolean {
  const rootOf = (one: string) => path.parse(one).root.toLowerCase();
  if (path.sep === '/' || !rootOf(candidate).startsWith('\\\\')) return true;
  return folders.some((folder) => rootOf(folder) === rootOf(candidate));
}
