/** Messages of the page, which is not trusted further than what it shows. */
import { DEVICE_CHOICES, isTolerance } from '../../report/settings';
import type { PersistedComparison } from '../protocol/comparison';
import type { FromPanel, PersistedPanel } from '../protocol/protocol';

/** The message, or null where the page sent something else. */
export function asFromPanel(message: unknown): FromPanel | null {
  if (!isRecord(message)) return null;
  const { type } = message;
  switch (type) {
    case 'ready':
    case 'confirm':
    case 'cancel':
    case 'findSlopes':
    case 'swap':
    case 'export':
    case 'showLog':
      return { type };
    case 'run': {
      const { device, tolerance } = message;
      const known = DEVICE_CHOICES.find((choice) => choice === device);
      if (known === undefined) return null;
      if (tolerance === null) return { type, device: known, tolerance };
      return isTolerance(tolerance) ? { type, device: known, tolerance } : null;
    }
    case 'exportPlot': {
      const { name, svg } = message;
      return typeof name === 'string' && typeof svg === 'string' ? { type, name, svg } : null;
    }
    case 'spectrum':
    case 'cancelSpectrum':
      return typeof message.layer === 'string' ? { type, layer: message.layer } : null;
    case 'copy':
      return typeof message.text === 'string' ? { type, text: message.text } : null;
    case 'error':
      return typeof message.message === 'string' ? { type, message: message.message } : null;
    default:
      return null;
  }
}

/** The path of the model that a page of an earlier window showed; null where its state says none. */
export function persistedPath(state: unknown): string | null {
  if (!isRecord(state)) return null;
  const { version, path } = state as Partial<PersistedPanel>;
  return version === 1 && typeof path === 'string' ? path : null;
}

/** Likewise of the models that it compared. */
export function persistedPaths(state: unknown): readonly string[] | null {
  if (!isRecord(state)) return null;
  const { version, paths } = state as Partial<PersistedComparison>;
  const isKnown = version === 1 && Array.isArray(paths) && paths.length >= 2;
  return isKnown && paths.every((path) => typeof path === 'string') ? paths : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
