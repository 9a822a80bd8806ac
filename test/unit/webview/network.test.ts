/** What the page makes of a network: its one figure, its texts, its nodes, the rows of its steps. */
import { describe, expect, it } from 'vitest';
import {
  countStatuses,
  filterNodes,
  headlineOf,
  layerOfStep,
  layersByNode,
  limitsOf,
} from '../../../webview/network/network-data';
import {
  domainText,
  factorText,
  logText,
  looseness,
  lowerText,
  upperText,
} from '../../../webview/network/network-text';
import { english, german } from './english';
import { bound, bounded, panelNetwork } from './network-sample';

const none = { upper: null, log10Upper: null, certainty: null, limits: ['pow', 'mul'] };

describe('headlineOf', () => {
  it('is the largest bound in L2', () => {
    const bounds = [
      bound({ norm: 'Linf', log10Upper: 9, upper: 1e9 }),
      bound({ output: 'a' }),
      bound({ output: 'b', log10Upper: 200, upper: 1e200 }),
      bound({ output: 'c', log10Upper: 400, upper: null }),
      bound({ output: 'd', log10Upper: null, upper: 0 }),
    ];
    expect(headlineOf(panelNetwork({ bounds }))?.output).toBe('c');
  });

  it('is that there is none, where a pair has none', () => {
    const bounds = [bound({ output: 'a', log10Upper: 3 }), bound({ output: 'b', ...none })];
    expect(headlineOf(panelNetwork({ bounds }))?.output).toBe('b');
    // A network that does not depend on its input has a bound.
    expect(headlineOf(panelNetwork({ bounds: [bound({ upper: 0, log10Upper: null })] }))?.upper).toBe(0);
  });

  it('of two that are equal says the inputs that it is for', () => {
    const bounds = [bound(), bound({ output: 'z', domain: 'inputs in [-1, 1]' })];
    expect(headlineOf(panelNetwork({ bounds }))?.domain).toBe('inputs in [-1, 1]');
    expect(headlineOf(panelNetwork({ bounds: [] }))).toBeNull();
  });
});

describe('texts', () => {
  it('are rounded up, and say where there is no bound', () => {
    expect(upperText(bound({ upper: 71.9501, log10Upper: Math.log10(71.9501) }), english)).toBe('71.96');
    expect(upperText(bound({ upper: null, log10Upper: 400.01 }), english)).toBe('10^400.1');
    expect(upperText(bound({ upper: 0, log10Upper: null }), english)).toBe('0');
    expect(upperText(bound(none), english)).toBe('no bound');
    expect(logText(1.85701, german)).toBe('1,858');
    expect(logText(null, german)).toBe('');
  });

  it('say how far apart slope and bound are', () => {
    expect(lowerText(bound({ lower: 2.5 }), german)).toBe('2,500');
    expect(lowerText(bound(), english)).toBe('–');
    expect(looseness(bound({ lower: 10 }), english)).toBe('10.00');
    for (const lower of [null, 0]) expect(looseness(bound({ lower }), english)).toBe('');
  });

  it('say which inputs a bound is for', () => {
    expect(domainText(bound(), english)).toBe('all inputs');
    expect(domainText(bound({ domain: 'inputs in [-1, 1]' }), english)).toBe('inputs in [-1, 1]');
    expect(domainText(bound(none), english)).toBe('');
  });

  it('say what a step multiplies by', () => {
    expect([null, 0, 0.5, -2, 40].map((log10) => factorText({ log10 }, english))).toEqual([
      '× 0',
      '× 1',
      '× 3.163',
      '× 0.01000',
      '× 10^40.0',
    ]);
  });
});

describe('nodes', () => {
  const nodes = [
    bounded('conv', { op: 'Conv', layers: ['conv'], reason: 'norm of the layer' }),
    bounded('bn + x', { op: 'BatchNormalization', layers: ['bn + x'] }),
    bounded('mul', { op: 'Mul', status: 'domain' }),
    bounded('exp', { op: 'Exp', status: 'unbounded', constant: null, reason: 'it grows without end' }),
  ];

  it('are counted and filtered by words in any order and by state', () => {
    expect(countStatuses(nodes)).toEqual({ certified: 2, domain: 1, unbounded: 1, unknown: 0 });
    const names = (text: string, status: 'domain' | 'certified' | null = null) =>
      filterNodes(nodes, { text, status }).map(({ name }) => name);
    expect(names('')).toEqual(['conv', 'bn + x', 'mul', 'exp']);
    expect(names('END  exp')).toEqual(['exp']);
    expect(names('', 'domain')).toEqual(['mul']);
    expect(names('layer', 'certified')).toEqual(['conv']);
    expect(names('nothing')).toEqual([]);
  });

  it('limit a bound once each', () => {
    const bounds = [bound(none), bound({ norm: 'L1', limits: ['mul', 'exp'] })];
    expect(limitsOf(bounds)).toEqual(['pow', 'mul', 'exp']);
  });

  it('have rows, also where they are folded into one step, whatever their names', () => {
    const layers = layersByNode(nodes);
    expect(layerOfStep({ name: 'conv' }, layers)).toBe('conv');
    expect(layerOfStep({ name: 'scale + conv' }, layers)).toBe('conv');
    expect(layerOfStep({ name: 'bn + x' }, layers)).toBe('bn + x');
    expect(layerOfStep({ name: 'mul' }, layers)).toBeNull();
  });
});
