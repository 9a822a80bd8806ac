import { posix, win32 } from 'node:path';
import { describe, expect, it } from 'vitest';
import { candidatePaths } from '../../../../src/editor/hover/model-paths';

const linux = {
  documentFolder: '/work/src',
  workspaceFolders: ['/work', '/other'],
  home: '/home/me',
  path: posix,
};
const windows = {
  documentFolder: 'C:\\work\\src',
  workspaceFolders: ['C:\\work'],
  home: 'C:\\Users\\me',
  path: win32,
};

describe('candidatePaths', () => {
  it.each([
    ['a/net.onnx', ['/work/src/a/net.onnx', '/work/a/net.onnx', '/other/a/net.onnx']],
    ['../net.onnx', ['/work/net.onnx', '/net.onnx']],
    ['/abs/net.onnx', ['/abs/net.onnx']],
    ['/abs/folder/', ['/abs/folder']],
    ['~/net.onnx', ['/home/me/net.onnx']],
    ['', []],
    ['a\0b.onnx', []],
    ['a\nb.onnx', []],
    ['x'.repeat(5_000), []],
  ])('resolves %j', (text, expected) => {
    expect(candidatePaths(text, linux)).toEqual(expected);
  });

  it('reads the separators of Windows elsewhere', () => {
    expect(candidatePaths('a\\net.onnx', linux)).toContain('/work/src/a/net.onnx');
  });

  it('resolves by the rules of Windows there', () => {
    expect(candidatePaths('a/net.onnx', windows)).toEqual([
      'C:\\work\\src\\a\\net.onnx',
      'C:\\work\\a\\net.onnx',
    ]);
    expect(candidatePaths('D:\\net.onnx', windows)).toEqual(['D:\\net.onnx']);
    expect(candidatePaths('~\\net.onnx', windows)).toEqual(['C:\\Users\\me\\net.onnx']);
  });

  it.each(['\\\\evil\\share\\net.onnx', '//evil/share/net.onnx', '\\\\?\\C:\\net.onnx'])(
    'does not reach for a server that the user does not work on: %s',
    (text) => {
      expect(candidatePaths(text, windows)).toEqual([]);
    },
  );

  it('finds models on the server that the user works on', () => {
    const there = { ...windows, documentFolder: '\\\\mine\\share\\src' };
    expect(candidatePaths('\\\\mine\\share\\net.onnx', there)).toEqual(['\\\\mine\\share\\net.onnx']);
  });

  it('has no folder to start from in a document that is on no disk', () => {
    expect(candidatePaths('net.onnx', { ...linux, documentFolder: null, workspaceFolders: [] })).toEqual([]);
  });
});
