import { describe, expect, it } from 'vitest';
import { asFromPanel, persistedPath, persistedPaths } from '../../../../src/editor/panel/messages';
import { DEVICE_CHOICES } from '../../../../src/report/settings';

describe('asFromPanel', () => {
  it.each([
    { type: 'ready' },
    { type: 'confirm' },
    { type: 'cancel' },
    { type: 'findSlopes' },
    { type: 'swap' },
    { type: 'export' },
    { type: 'showLog' },
    { type: 'run', device: 'cpu', tolerance: null },
    { type: 'run', device: 'auto', tolerance: 0.01 },
    { type: 'exportPlot', name: 'spectrum', svg: '<svg/>' },
    { type: 'spectrum', layer: 'conv <b>' },
    { type: 'cancelSpectrum', layer: '' },
    { type: 'copy', text: '' },
    { type: 'copy', text: '<img src=x onerror=alert(1)>\n' },
    { type: 'error', message: 'it broke' },
  ])('takes $type', (message) => {
    expect(asFromPanel(message)).toEqual(message);
  });

  it.each(DEVICE_CHOICES)('takes the device %s', (device) => {
    const message = { type: 'run', device, tolerance: null };
    expect(asFromPanel(message)).toEqual(message);
  });

  it.each([
    { type: 'ready', command: 'rm' },
    { type: 'run', device: 'cpu', tolerance: null, path: '/etc/passwd' },
    { type: 'copy', text: 'x', path: '/etc/passwd' },
    { type: 'exportPlot', name: 'a', svg: 'b', path: '/etc/passwd' },
    { type: 'error', message: 'x', stack: 1 },
  ])('leaves out what does not belong to it: %j', (message) => {
    const taken = asFromPanel(message);
    expect(taken).toMatchObject({ type: message.type });
    for (const key of ['command', 'path', 'stack']) expect(taken).not.toHaveProperty(key);
  });

  it.each([
    undefined,
    null,
    0,
    'ready',
    [],
    ['ready'],
    {},
    { type: 'toString' },
    { type: '__proto__' },
    { type: ['ready'] },
    { type: 'Ready' },
    { type: 'spectrum' },
    { type: 'spectrum', layer: 3 },
    { type: 'run' },
    { type: 'run', device: 'tpu', tolerance: null },
    { type: 'run', device: ['cpu'], tolerance: null },
    { type: 'run', device: 'cpu' },
    { type: 'run', device: 'cpu', tolerance: '0.1' },
    { type: 'run', device: 'cpu', tolerance: 0 },
    { type: 'run', device: 'cpu', tolerance: 1 },
    { type: 'run', device: 'cpu', tolerance: -0.1 },
    { type: 'run', device: 'cpu', tolerance: NaN },
    { type: 'run', device: 'cpu', tolerance: Infinity },
    { type: 'exportPlot', name: 'a' },
    { type: 'exportPlot', name: 1, svg: '<svg/>' },
    { type: 'copy' },
    { type: 'copy', text: 1 },
    { type: 'error', message: new Error('x') },
  ])('refuses %j', (message) => {
    expect(asFromPanel(message)).toBeNull();
  });
});

describe('persistedPath', () => {
  it('takes the path of a state that this version wrote', () => {
    expect(persistedPath({ version: 1, path: '/models/net.onnx', view: null })).toBe('/models/net.onnx');
  });

  it.each([
    undefined,
    null,
    'net.onnx',
    [],
    {},
    { path: '/models/net.onnx' },
    { version: 2, path: '/models/net.onnx' },
    { version: '1', path: '/models/net.onnx' },
    { version: 1 },
    { version: 1, path: 7 },
  ])('finds none in %j', (state) => {
    expect(persistedPath(state)).toBeNull();
  });
});

describe('persistedPaths', () => {
  it('reads the models of a comparison that a page has kept', () => {
    expect(persistedPaths({ version: 1, paths: ['/a', '/b'], view: {} })).toEqual(['/a', '/b']);
  });

  it.each([
    null,
    'paths',
    { paths: ['/a', '/b'] },
    { version: 2, paths: ['/a', '/b'] },
    { version: 1, path: '/a' },
    { version: 1, paths: ['/a'] },
    { version: 1, paths: ['/a', 2] },
    { version: 1, paths: '/a/b' },
  ])('reads none from %j', (state) => {
    expect(persistedPaths(state)).toBeNull();
  });
});
