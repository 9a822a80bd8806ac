/** Every name that `package.json` and the code share. A test holds the two against each other, both ways. */
import type { DeviceChoice, Method, PaddingChoice } from '../report/report';

/** Commands of the palette and the menus, then those that only links and the panel's menu use. */
export const COMMANDS = {
  analyze: 'lipschitzLens.analyze',
  analyzeWithOptions: 'lipschitzLens.analyzeWithOptions',
  findSlopes: 'lipschitzLens.findSlopes',
  compare: 'lipschitzLens.compare',
  compareCheckpoints: 'lipschitzLens.compareCheckpoints',
  cancel: 'lipschitzLens.cancel',
  export: 'lipschitzLens.export',
  copyAsMarkdown: 'lipschitzLens.copyAsMarkdown',
  showLog: 'lipschitzLens.showLog',
  clearCache: 'lipschitzLens.clearCache',
  showDevices: 'lipschitzLens.showDevices',
  openLayer: 'lipschitzLens.openLayer',
  copyValue: 'lipschitzLens.copyValue',
  copyRow: 'lipschitzLens.copyRow',
  revealWeight: 'lipschitzLens.revealWeight',
} as const;

export type Command = (typeof COMMANDS)[keyof typeof COMMANDS];

/** Argument of `openLayer`, as JSON in the link of a hover. */
export interface OpenLayerArgument {
  /** Path of the model on disk. */
  readonly path: string;
  /** Name of the layer; null: the panel, no row of it. */
  readonly layer: string | null;
}

export const VIEW_TYPES = {
  panel: 'lipschitzLens.panel',
  comparison: 'lipschitzLens.comparison',
  editor: 'lipschitzLens.model',
} as const;

export const CONTEXT_KEYS = {
  /** Some analysis runs or waits. */
  running: 'lipschitzLens.running',
  /** Paths of the workspace's folders that hold the index of a sharded model. */
  modelFolders: 'lipschitzLens.modelFolders',
  /** Paths of those that hold several models. */
  checkpointFolders: 'lipschitzLens.checkpointFolders',
} as const;

export const SECTION = 'lipschitzLens';

/** The settings, without their prefix, and the types of their values. Defaults live in `package.json` alone. */
export interface SettingTypes {
  readonly device: DeviceChoice;
  readonly method: Method;
  readonly iterations: number | null;
  readonly tolerance: number | null;
  /** `224x224`, `any`, or '' for the sizes in the file. */
  readonly inputSize: string;
  readonly padding: PaddingChoice | 'file';
  readonly 'budget.layer': number | null;
  readonly 'budget.network': number | null;
  readonly 'hover.enabled': boolean;
  readonly 'inlayHints.enabled': boolean;
  readonly confirmAboveSeconds: number;
  readonly 'cache.maxSizeMB': number;
}

export type SettingName = keyof SettingTypes;
