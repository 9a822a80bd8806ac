/** The extension, as the page sees it. */
import type { PersistedComparison } from '../src/editor/protocol/comparison';
import type { FromPanel, PersistedPanel } from '../src/editor/protocol/protocol';

interface VsCodeApi {
  postMessage(message: FromPanel): void;
  getState(): unknown;
  setState(state: PersistedPanel | PersistedComparison): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** It may be acquired once only. */
export const host: VsCodeApi = acquireVsCodeApi();
