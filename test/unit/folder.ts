import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

/** A folder of its own for the tests of a file, removed after them. */
export class Folder {
  path = '';

  constructor() {
    beforeAll(async () => {
      this.path = await realpath(await mkdtemp(join(tmpdir(), 'lipschitz-lens-')));
    });
    afterAll(async () => {
      await rm(this.path, { recursive: true, force: true });
    });
  }

  join(name: string): string {
    return join(this.path, name);
  }

  /** Writes a file, and the folders above it. */
  async write(name: string, content: Uint8Array | string): Promise<string> {
    const path = this.join(name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    return path;
  }
}
