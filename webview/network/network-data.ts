/** The whole network, as far as the page knows it: what is looked up and counted for its tab. */
import type { PanelNetwork } from '../../src/editor/protocol/protocol';
import type { NetworkBound, NodeReport, PathStep } from '../../src/report/report';

export const STATUSES = [
  'certified',
  'domain',
  'unbounded',
  'unknown',
] as const satisfies NodeReport['status'][];

export interface NodeFilter {
  /** Words that all have to occur in the name, the operator or the reason, in any order and case. */
  readonly text: string;
  /** Null: all. */
  readonly status: NodeReport['status'] | null;
}

export function filterNodes(
  nodes: readonly NodeReport[],
  { text, status }: NodeFilter,
): readonly NodeReport[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && status === null) return nodes;
  return nodes.filter((node) => {
    if (status !== null && node.status !== status) return false;
    if (words.length === 0) return true;
    const searched = `${node.name}\n${node.op}\n${node.reason}`.toLowerCase();
    return words.every((word) => searched.includes(word));
  });
}

export function countStatuses(nodes: readonly NodeReport[]): Record<NodeReport['status'], number> {
  const counts = { certified: 0, domain: 0, unbounded: 0, unknown: 0 };
  for (const { status } of nodes) counts[status]++;
  return counts;
}

/** No number is an upper bound. */
export function isUnbounded({ upper, log10Upper }: NetworkBound): boolean {
  return upper === null && log10Upper === null;
}

/** What one figure says of a network: its largest bound in L2, or that some pair has none. Null where nothing is to be said. */
export function headlineOf(network: PanelNetwork): NetworkBound | null {
  const bounds = network.bounds.filter(({ norm }) => norm === 'L2');
  const size = ({ log10Upper }: NetworkBound) => log10Upper ?? -Infinity;
  return (
    bounds.find(isUnbounded) ??
    bounds
      .toSorted((a, b) => size(b) - size(a) || Number(b.domain !== null) - Number(a.domain !== null))
      .at(0) ??
    null
  );
}

/** The nodes because of which some of these bounds do not hold for all inputs, or are none; each once. */
export function limitsOf(bounds: readonly NetworkBound[]): string[] {
  return [...new Set(bounds.flatMap(({ limits }) => limits))];
}

/** How the names of nodes that are folded into one step stand in its name. */
const FOLDED = ' + ';

/** The row of a step of a path; null where it has none. */
export function layerOfStep(
  { name }: Pick<PathStep, 'name'>,
  layersOf: ReadonlyMap<string, readonly string[]>,
): string | null {
  const names = layersOf.has(name) ? [name] : name.split(FOLDED);
  return names.flatMap((one) => layersOf.get(one) ?? []).at(0) ?? null;
}

/** Rows by names of nodes that have some. */
export function layersByNode(nodes: readonly NodeReport[]): Map<string, readonly string[]> {
  return new Map(nodes.filter(({ layers }) => layers.length > 0).map(({ name, layers }) => [name, layers]));
}
