import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rm, symlink, truncate, utimes } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  GitLfsPointerError,
  TruncatedFileError,
  UnreadableFileError,
  UnsafePathError,
} from '../../../src/model/errors';
import { RangeFile, refuseGitLfsPointer, resolveInside } from '../../../src/model/file';
import { Folder } from '../folder';

const folder = new Folder();
const posix = process.platform !== 'win32';

describe('RangeFile', () => {
  it('reads ranges, the whole file and nothing', async () => {
    const file = await RangeFile.open(await folder.write('digits', '0123456789'));
    const text = async (offset: number, length: number): Promise<string> =>
      Buffer.from(await file.read(offset, length)).toString();
    expect(file.size).toBe(10);
    expect(await text(3, 4)).toBe('3456');
    expect(await text(0, 10)).toBe('0123456789');
    expect(await text(10, 0)).toBe('');
    await file.close();
    await expect(file.read(0, 1)).rejects.toThrow(UnreadableFileError);
  });

  it('refuses a range outside the file before it allocates', async () => {
    const path = await folder.write('ten', '0123456789');
    const file = await RangeFile.open(path);
    for (const [offset, length] of [
      [0, 11],
      [11, 0],
      [9, 2],
      [2 ** 52, 1],
      [0, 2 ** 52],
    ]) {
      await expect(file.read(offset, length)).rejects.toThrow(TruncatedFileError);
    }
    await expect(file.read(0, 11)).rejects.toThrow(`${path}: the file ends at byte 10`);
    for (const [offset, length] of [
      [-1, 1],
      [0, -1],
      [0.5, 1],
      [NaN, 1],
      [0, 2 ** 60],
    ]) {
      await expect(file.read(offset, length)).rejects.toThrow(RangeError);
    }
    await file.close();
  });

  it('says what is wrong with a file that cannot be opened', async () => {
    await mkdir(folder.join('a folder'));
    await expect(RangeFile.open(folder.join('none'))).rejects.toThrow(/none: the file does not exist$/);
    await expect(RangeFile.open(folder.join('ten/none'))).rejects.toThrow(/the file does not exist$/);
    await expect(RangeFile.open(folder.join('a folder'))).rejects.toThrow(
      /a folder: it is a folder, not a file$/,
    );
    await expect(RangeFile.open('a\0b')).rejects.toThrow(/no file can have this name$/);
    await expect(RangeFile.open(folder.join('none'))).rejects.toThrow(UnreadableFileError);
  });

  it.runIf(posix)('does not wait for a pipe, nor open a device', async () => {
    execFileSync('mkfifo', [folder.join('pipe')]);
    await expect(RangeFile.open(folder.join('pipe'))).rejects.toThrow(/it is no regular file$/);
    await expect(RangeFile.open('/dev/zero')).rejects.toThrow(/it is no regular file$/);
  });

  it.runIf(posix && process.getuid?.() !== 0)('says that there is no permission', async () => {
    const path = await folder.write('secret', 'x');
    await chmod(path, 0);
    await expect(RangeFile.open(path)).rejects.toThrow(/there is no permission to read it$/);
  });

  it.runIf(posix)('says that links go round in a circle', async () => {
    await symlink('circle', folder.join('circle'));
    await expect(RangeFile.open(folder.join('circle'))).rejects.toThrow(/links go round in a circle$/);
  });

  it('does not mix two contents of a file that is written to', async () => {
    const path = await folder.write('changing', '0123456789');
    const file = await RangeFile.open(path);
    await expect(file.read(0, 10)).resolves.toHaveLength(10);
    await utimes(path, 0, 1_000_000);
    await expect(file.read(0, 10)).rejects.toThrow(/changed while it was read$/);
    await truncate(path, 5);
    await expect(file.read(0, 10)).rejects.toThrow(TruncatedFileError);
    await file.close();
  });
});

describe('refuseGitLfsPointer', () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 438064459\n`;

  it.each([
    ['a pointer', pointer, true],
    ['other text', `# ${pointer}`, false],
    ['an empty file', '', false],
    ['a large file that begins as one', pointer + ' '.repeat(2000), false],
  ])('%s', async (name, content, refused) => {
    const file = await RangeFile.open(await folder.write(name, content));
    const result = refuseGitLfsPointer(file);
    if (refused) {
      await expect(result).rejects.toThrow(GitLfsPointerError);
      await expect(result).rejects.toThrow('438064459 bytes that has not been fetched');
    } else {
      await expect(result).resolves.toBeUndefined();
    }
    await file.close();
  });
});

describe('resolveInside', () => {
  it('finds a file beside the model or below it', async () => {
    const model = await folder.write('plain/model.onnx', '');
    for (const name of ['data', 'sub/data', 'a..b', '..data', 'data with spaces']) {
      const path = await folder.write(`plain/${name}`, '');
      expect(await resolveInside(model, name)).toBe(path);
      expect(await resolveInside(model, `./${name}`)).toBe(path);
    }
  });

  it.each([
    '../data',
    'sub/../../data',
    'sub/../data',
    '..\\data',
    'sub\\..\\..\\data',
    '..',
    '/etc/passwd',
    '//server/share/data',
    '\\\\server\\share\\data',
    '\\data',
    'C:\\data',
    'c:/data',
    'c:data',
    'https://example.org/data',
    'file:///etc/passwd',
    'da\0ta',
    '',
  ])('refuses %j', async (location) => {
    const model = await folder.write('strict/model.onnx', '');
    await folder.write('data', '');
    await folder.write('strict/sub/data', '');
    await expect(resolveInside(model, location)).rejects.toThrow(UnsafePathError);
  });

  it('names the model and the file that is missing', async () => {
    const model = await folder.write('lonely/model.onnx', '');
    await expect(resolveInside(model, 'weights.bin')).rejects.toThrow(
      `${model}: it refers to "weights.bin": the file does not exist`,
    );
    await expect(resolveInside(model, 'weights.bin')).rejects.toThrow(UnreadableFileError);
    await expect(resolveInside(folder.join('lonely/none.onnx'), 'x')).rejects.toThrow(UnreadableFileError);
  });

  describe.runIf(posix)('with links', () => {
    it('refuses one that leaves the folder, follows one that does not', async () => {
      const model = await folder.write('linked/model.onnx', '');
      const outside = await folder.write('outside', 'secret');
      await folder.write('linked/inside', '');
      await symlink(outside, folder.join('linked/leaves'));
      await symlink('inside', folder.join('linked/stays'));
      await symlink('..', folder.join('linked/up'));
      await expect(resolveInside(model, 'leaves')).rejects.toThrow(UnsafePathError);
      await expect(resolveInside(model, 'up/outside')).rejects.toThrow(UnsafePathError);
      await expect(resolveInside(model, 'up')).rejects.toThrow(UnsafePathError);
      expect(await resolveInside(model, 'stays')).toBe(folder.join('linked/inside'));
    });

    it('finds data in a cache of links to contents, and beside the target of a link', async () => {
      const snapshot = 'cache/snapshots/0123';
      await folder.write('cache/blobs/aaaa', '');
      const data = await folder.write('cache/blobs/bbbb', '');
      await mkdir(folder.join(snapshot), { recursive: true });
      await symlink('../../blobs/aaaa', folder.join(`${snapshot}/model.onnx`));
      await symlink('../../blobs/bbbb', folder.join(`${snapshot}/model.onnx_data`));
      expect(await resolveInside(folder.join(`${snapshot}/model.onnx`), 'model.onnx_data')).toBe(data);

      await folder.write('real/model.onnx', '');
      const beside = await folder.write('real/data', '');
      await mkdir(folder.join('desk'));
      await symlink('../real/model.onnx', folder.join('desk/model.onnx'));
      expect(await resolveInside(folder.join('desk/model.onnx'), 'data')).toBe(beside);

      const own = await folder.write('desk/data', '');
      expect(await resolveInside(folder.join('desk/model.onnx'), 'data')).toBe(own);
      await rm(own);
      await symlink('../outside', folder.join('desk/data'));
      await expect(resolveInside(folder.join('desk/model.onnx'), 'data')).rejects.toThrow(UnsafePathError);
    });
  });
});
