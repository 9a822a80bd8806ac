/** Networks as the page is told of them. */
import type { PanelNetwork } from '../../../src/editor/protocol/protocol';
import type { NetworkBound, NetworkReport, NodeReport } from '../../../src/report/report';

export function bound(overrides: Partial<NetworkBound> = {}): NetworkBound {
  const pair = { norm: 'L2', input: 'x', output: 'y' } as const;
  const ends = { lower: null, upper: 100, log10Upper: 2, certainty: 'certified' } as const;
  return { ...pair, ...ends, domain: null, limits: [], ...overrides };
}

export function bounded(name: string, overrides: Partial<NodeReport> = {}): NodeReport {
  return {
    name,
    op: 'Relu',
    status: 'certified',
    constant: 1,
    reason: 'largest slope',
    layers: [],
    ...overrides,
  };
}

export function panelNetwork(overrides: Partial<NetworkReport> = {}): PanelNetwork {
  const { coverage, ...rest }: NetworkReport = {
    bounds: [bound()],
    scope: 'x: 1x3',
    isAssumed: false,
    coverage: [bounded('relu')],
    path: [],
    contributions: [],
    whatIf: [],
    notes: [],
    seconds: 0.1,
    ...overrides,
  };
  return { ...rest, nodes: coverage.length };
}
