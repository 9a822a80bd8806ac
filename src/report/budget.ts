import type { LayerReport, LipschitzInterval, Report } from './report';

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
