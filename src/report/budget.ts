import type { LayerReport, LipschitzInterval, NetworkBound, NetworkReport, Report } from './report';

export interface OverBudget {
  readonly layer: LayerReport & { readonly lipschitz: LipschitzInterval };
  /** The lower bound is above the limit, too. */
  readonly certainly: boolean;
}

/**
 * The layers of which the report does not show that their constant is at most `limit`. A layer without a bound is not
 * among them: that it failed is said by itself.
 */
export function overBudget({ layers }: Pick<Report, 'layers'>, limit: number): OverBudget[] {
  return layers.flatMap((layer) => {
    const { lipschitz } = layer;
    if (lipschitz === null || lipschitz.upper <= limit) return [];
    return { layer: { ...layer, lipschitz }, certainly: lipschitz.lower > limit };
  });
}

/** Whether the bound shows, for all inputs, that the constant is at most `limit`. */
export function keepsTo({ upper, domain }: Pick<NetworkBound, 'upper' | 'domain'>, limit: number): boolean {
  return upper !== null && upper <= limit && domain === null;
}

/**
 * The bounds in L2 of which the report does not show that they are at most `limit`, the worst first: those that hold for
 * examples of the input's sizes only are among them.
 */
export function networkOverBudget({ bounds, isAssumed }: NetworkReport, limit: number): NetworkBound[] {
  const height = ({ log10Upper, domain }: NetworkBound) =>
    log10Upper === null || domain !== null ? Infinity : log10Upper;
  return bounds
    .filter((bound) => bound.norm === 'L2' && (isAssumed || !keepsTo(bound, limit)))
    .sort((a, b) => (height(a) < height(b) ? 1 : height(a) > height(b) ? -1 : 0));
}
